export {
  CATALOG_RELEASE,
  type Catalog,
  type CatalogEndpoint,
  type CatalogEntry,
  type EndpointClass,
  type EntryKind,
  type Evidence,
} from './catalog.ts';
export { type ChannelKeys, type ConfigKeys, loadConfigKeys, type ProviderKeys, type SocketKeys } from './keys.ts';
export { loadCatalog } from './load.ts';

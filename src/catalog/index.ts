export {
  CATALOG_RELEASE,
  type Catalog,
  type CatalogEndpoint,
  type CatalogEntry,
  type EndpointClass,
  type EntryKind,
  type Evidence,
} from './catalog.ts';
export { loadCatalog } from './load.ts';

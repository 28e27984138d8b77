/** The name that every client of `bench/proxy.ts` asks for. */
export const PROXY_HOST = 'site.example';

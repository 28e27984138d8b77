import type { Console } from '../console.ts';

/** Draws a graph by Graphviz, compiled to WebAssembly: nothing else has to be installed. */
export async function writeSvg(console: Console, dot: string): Promise<void> {
  const { instance } = await import('@viz-js/viz'); // 1.5 MB that only pictures need
  const graphviz = await instance();
  console.stdout.write(graphviz.renderString(dot, { format: 'svg', engine: 'dot' }));
}

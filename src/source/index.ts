export { type Position, SourceFile, type Span, spanPosition } from './source.ts';

export type { Approximation, Artifact, Lifted, Lowered, Opaque, Parsed, Target } from './target.ts';

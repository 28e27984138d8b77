import type { Span } from '../../source/index.ts';
import type { ObjectRef } from '../policy.ts';
import type { LabelMap } from '../selector.ts';
import type { Part } from './part.ts';

/** One object of a manifest, whatever its kind; lists are already taken apart. */
export interface Manifest {
  readonly apiVersion: string; // `networking.k8s.io/v1`
  readonly kind: string;
  /** With its namespace: the one written, or `default` where its kind has one and none is written. */
  readonly ref: ObjectRef;
  readonly labels: LabelMap;
  readonly annotations: LabelMap;
  readonly body: Part; // the whole object
  readonly span: Span;
}

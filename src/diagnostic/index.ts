export {
  type Diagnostic,
  type DiagnosticKind,
  diagnose,
  hasErrors,
  type Severity,
  sortDiagnostics,
} from './diagnostic.ts';
export { escapeControls, excerpt } from './escape.ts';
export { type Paint, renderDiagnostic } from './render.ts';

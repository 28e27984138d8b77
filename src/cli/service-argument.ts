import { diagnose } from '../diagnostic/index.ts';
import type { Service } from '../ir/index.ts';
import { parseService, Reporter } from '../policy/index.ts';
import { SourceFile } from '../source/index.ts';
import { EXIT } from './console.ts';
import { catalog } from './policy-input.ts';
import { CLI_PROBLEMS } from './problems.ts';
import { Stop } from './report.ts';

/** A service as the policy language writes it, from the command line. @throws Stop where it is none. */
export function servicesOf(text: string): readonly Service[] {
  const span = { file: new SourceFile('<service>', text), start: 0, end: text.length };
  const reporter = new Reporter();
  const parsed = parseService(text, span, reporter);
  if (parsed === undefined) throw new Stop(EXIT.unusable, reporter.diagnostics());
  switch (parsed.kind) {
    case 'transports':
      return parsed.transports;
    case 'name': {
      const services = catalog().service(parsed.name);
      if (services !== undefined) return services;
      break;
    }
    case 'any':
      break;
  }
  throw new Stop(EXIT.unusable, [diagnose(CLI_PROBLEMS.unknownService, span, text)]);
}

import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { SourceFile } from '../../source/index.ts';
import {
  type BaseChainSpec,
  type CounterObject,
  type Dormancy,
  type ObjectDeclaration,
  type Program,
  type Rule,
  SET_FLAGS,
  type SetDeclaration,
  type SetFlag,
  type SetType,
  TABLE_FAMILIES,
  type Table,
  type TableFamily,
} from './ast.ts';
import { JsonNode, ShapeFailure } from './json-node.ts';
import { jsonKey } from './parse-json-selector.ts';
import { jsonStatement } from './parse-json-statement.ts';
import { jsonElement } from './parse-json-value.ts';
import { NFTABLES_PROBLEMS } from './problems.ts';

/** The output of `nft -j list ruleset` (libnftables-json(5)). A program comes with no error or not at all. */
export function parseJson(file: SourceFile): {
  readonly program: Program | undefined;
  readonly diagnostics: readonly Diagnostic[];
} {
  const reader = new JsonReader();
  attempt(reader.diagnostics, () => {
    const { nftables } = JsonNode.of(file).members(['nftables'], 'the document');
    if (nftables === undefined) throw new ShapeFailure('it has no `nftables`', { file, start: 0, end: 0 });
    for (const item of nftables.list('`nftables`')) attempt(reader.diagnostics, () => reader.item(item));
  });
  return { program: reader.diagnostics.length === 0 ? reader.program() : undefined, diagnostics: reader.diagnostics };
}

function attempt(diagnostics: Diagnostic[], production: () => void): void {
  try {
    production();
  } catch (error) {
    if (!(error instanceof ShapeFailure)) throw error;
    diagnostics.push(diagnose(NFTABLES_PROBLEMS.malformedJson, error.span, error.message));
  }
}

interface OpenTable {
  readonly node: JsonNode;
  readonly family: TableFamily;
  readonly name: string;
  readonly dormant?: Dormancy;
  readonly counters: CounterObject[];
  readonly objects: ObjectDeclaration[];
  readonly sets: SetDeclaration[];
  readonly chains: Map<string, OpenChain>;
}

interface OpenChain {
  readonly node: JsonNode;
  readonly base?: BaseChainSpec;
  readonly comment?: string;
  readonly rules: Rule[];
}

/** The list names each object's table and chain; here they find their way into them. */
class JsonReader {
  readonly diagnostics: Diagnostic[] = [];
  readonly #tables = new Map<string, OpenTable>();

  program(): Program {
    const commands = [...this.#tables.values()].map(({ node, chains: open, ...table }) => {
      const chains = [...open].map(([name, { node: chainNode, ...chain }]) => ({
        name,
        ...chain,
        span: chainNode.span,
      }));
      const whole: Table = { ...table, chains, span: node.span };
      return { kind: 'table' as const, table: whole, span: node.span };
    });
    return { commands };
  }

  item(item: JsonNode): void {
    const [kind, node] = item.tagged('an item of `nftables`');
    switch (kind) {
      case 'metainfo':
        break;
      case 'table':
        this.#table(node);
        break;
      case 'chain':
        this.#chain(node);
        break;
      case 'counter':
        this.#counter(node);
        break;
      case 'set':
        this.#set(node, false);
        break;
      case 'map':
        this.#set(node, true);
        break;
      case 'rule':
        this.#rule(node);
        break;
      case 'quota':
      case 'limit':
      case 'ct helper':
      case 'ct timeout':
      case 'ct expectation':
      case 'secmark':
      case 'synproxy':
      case 'flowtable':
        this.#object(node, kind);
        break;
      default:
        node.fail(`\`${kind}\` is not understood`);
    }
  }

  /** What an object holds decides nothing on its own, but for which way a limit holds. */
  #object(node: JsonNode, type: string): void {
    const members = new Map(node.entries(`a ${type}`));
    const table = this.#owner(node, members.get('family'), members.get('table'));
    const name = required(node, members.get('name'), 'name').string('the name');
    table.objects.push({ type, name, over: members.get('inv')?.isTrue() ?? false, span: node.span });
  }

  #table(node: JsonNode): void {
    const { family, name, flags } = node.members(['family', 'name', 'handle', 'comment', 'flags'], 'a table');
    const dormant = flags === undefined ? undefined : dormancy(flags);
    const whose = required(node, family, 'family').oneOf(TABLE_FAMILIES, 'the family');
    const named = required(node, name, 'name').string('the name');
    const key = `${whose} ${named}`;
    const known = this.#tables.get(key); // adding it once more leaves in it what it holds
    this.#tables.set(key, {
      node,
      ...(dormant === undefined ? {} : { dormant }),
      family: whose,
      name: named,
      counters: known?.counters ?? [],
      objects: known?.objects ?? [],
      sets: known?.sets ?? [],
      chains: known?.chains ?? new Map(),
    });
  }

  #owner(node: JsonNode, family: JsonNode | undefined, table: JsonNode | undefined): OpenTable {
    const key = `${required(node, family, 'family').string('the family')} ${required(node, table, 'table').string('the table')}`;
    return this.#tables.get(key) ?? node.fail(`its table \`${key}\` is not there`);
  }

  #chain(node: JsonNode): void {
    const members = ['family', 'table', 'name', 'handle', 'type', 'hook', 'prio', 'policy', 'comment', 'dev'] as const;
    const { family, table, name, type, hook, prio, policy, comment, dev } = node.members(members, 'a chain');
    const base: BaseChainSpec | undefined =
      type === undefined && hook === undefined
        ? undefined
        : {
            type: required(node, type, 'type').oneOf(['filter', 'nat', 'route'], 'the type'),
            hook: required(node, hook, 'hook').string('the hook'),
            priority: required(node, prio, 'prio').whole('the priority'),
            ...(dev === undefined ? {} : { devices: (dev.items ?? [dev]).map((each) => each.string('the device')) }),
            policy: policy === undefined ? 'accept' : policy.oneOf(['accept', 'drop'], 'the policy'),
          };
    const { chains } = this.#owner(node, family, table);
    const named = required(node, name, 'name').string('the name');
    const known = chains.get(named);
    chains.set(named, {
      ...known,
      node,
      ...(base === undefined ? {} : { base }),
      ...(comment === undefined ? {} : { comment: comment.string('the comment') }),
      rules: known?.rules ?? [],
    });
  }

  #counter(node: JsonNode): void {
    const known = ['family', 'table', 'name', 'handle', 'packets', 'bytes', 'comment'] as const;
    const { family, table, name, comment } = node.members(known, 'a counter');
    this.#owner(node, family, table).counters.push({
      name: required(node, name, 'name').string('the name'),
      ...(comment === undefined ? {} : { comment: comment.string('the comment') }),
      span: node.span,
    });
  }

  #set(node: JsonNode, isMap: boolean): void {
    const known = [
      'family',
      'table',
      'name',
      'handle',
      'type',
      'map',
      'flags',
      'timeout',
      'size',
      'comment',
      'elem',
      'stmt',
      'gc-interval',
      'policy',
      'auto-merge',
    ] as const;
    const { family, table, name, type, map, flags, timeout, size, comment, elem } = node.members(known, 'a set');
    if (isMap !== (map !== undefined)) throw node.failure(isMap ? 'a map leads nowhere' : 'a set has `map`');
    this.#owner(node, family, table).sets.push({
      name: required(node, name, 'name').string('the name'),
      key: setType(required(node, type, 'type')),
      ...(map === undefined ? {} : { data: mapData(map) }),
      flags: flags === undefined ? [] : flagList(flags),
      ...(timeout === undefined ? {} : { timeout: timeout.whole('the timeout') }),
      ...(size === undefined ? {} : { size: size.whole('the size') }),
      ...(comment === undefined ? {} : { comment: comment.string('the comment') }),
      elements: elem === undefined ? [] : elem.list('`elem`').map((each) => jsonElement(each, isMap)),
      span: node.span,
    });
  }

  #rule(node: JsonNode): void {
    const known = ['family', 'table', 'chain', 'handle', 'index', 'comment', 'expr'] as const;
    const { family, table, chain, handle, comment, expr } = node.members(known, 'a rule');
    const name = required(node, chain, 'chain').string('the chain');
    const owner = this.#owner(node, family, table).chains.get(name);
    if (owner === undefined) throw node.failure(`its chain \`${name}\` is not there`);
    owner.rules.push({
      statements: required(node, expr, 'expr').list('`expr`').map(jsonStatement),
      ...(comment === undefined ? {} : { comment: comment.string('the comment') }),
      ...(handle === undefined ? {} : { handle: handle.whole('the handle') }),
      span: node.span,
    });
  }
}

/** nft 1.0.6 writes here whatever it finds in memory, words or not, so that no more is certain than that there is a flag. */
function dormancy(flags: JsonNode): Dormancy | undefined {
  const words = (flags.items ?? [flags]).map((flag) => flag.text);
  if (words.includes('dormant')) return 'yes';
  return words.every((word) => word === 'owner' || word === 'persist') ? undefined : 'perhaps';
}

function required(owner: JsonNode, node: JsonNode | undefined, name: string): JsonNode {
  return node ?? owner.fail(`\`${name}\` is missing`);
}

/** One name or a list of them: `"ipv4_addr"`, `["ipv4_addr", "inet_service"]`; later versions name fields: `{"typeof": ...}`. */
function setType(node: JsonNode): SetType {
  if (node.isObject) return { kind: 'typeof', expression: jsonKey(typeofExpression(node)) };
  const parts = node.items?.map((part) => part.string('the datatype')) ?? [node.string('the datatype')];
  return { kind: 'type', parts };
}

function typeofExpression(node: JsonNode): JsonNode {
  return required(node, node.members(['typeof'], 'a type').typeof, 'typeof');
}

/** What a map leads to: names as in a type, or fields. */
function mapData(node: JsonNode): string {
  if (!node.isObject) return (node.items ?? [node]).map((part) => part.string('what the map leads to')).join(' . ');
  jsonKey(typeofExpression(node));
  return 'value';
}

function flagList(node: JsonNode): SetFlag[] {
  return (node.items ?? [node]).map((flag) => flag.oneOf(SET_FLAGS, 'the flag'));
}

import type { Program } from './ast.ts';

/** What `lower` made of a policy, in a table of another name. */
export function inTable({ commands }: Program, name: string): Program {
  return {
    commands: commands.map((command) => {
      switch (command.kind) {
        case 'table':
          return { ...command, table: { ...command.table, name } };
        case 'delete-table':
          return { ...command, name };
        default:
          throw new Error(`a policy is written without \`${command.kind}\``);
      }
    }),
  };
}

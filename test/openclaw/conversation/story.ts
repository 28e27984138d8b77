/** One message that a person writes to the bot, and what the model has to say to it: told by the stand-ins, looked for by the test. */
export const STORY = {
  question: 'Which port does the harbour master listen on?',
  answer: 'The harbour master listens on channel 16, and never leaves it.',
  person: '200000000000000001',
  bot: '200000000000000002', // also the id of its application
  guild: '200000000000000003',
  channel: '200000000000000004',
} as const;

/** That Discord's gateway names to whoever has connected, for the next time: below `*.discord.gg`, and in no list. */
export const RESUME_HOST = 'gateway-us-east1-b.discord.gg';

/** Discord's tokens begin with the bot's id in base64. */
export const BOT_TOKEN = `${Buffer.from(STORY.bot).toString('base64')}.Gabcde.EXAMPLE-SECRET-of-a-bot-that-is-none`;

/** What the world outside has seen, a JSON line each. */
export type Seen =
  | { readonly kind: 'lookup'; readonly name: string; readonly type: string }
  | { readonly kind: 'tls'; readonly name: string }
  | {
      readonly kind: 'request';
      readonly host: string;
      readonly method: string;
      readonly path: string;
      readonly body: string;
    }
  | { readonly kind: 'socket'; readonly host: string; readonly opcode: number }; // what Discord's gateway is told

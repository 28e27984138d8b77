import { BOT_TOKEN, RESUME_HOST, STORY } from './story.ts';

/** An answer of Discord's REST; `undefined` is "no content". */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

const BOT = { id: STORY.bot, username: 'claw', discriminator: '0', global_name: 'Claw', avatar: null, bot: true };
const PERSON = { id: STORY.person, username: 'ada', discriminator: '0', global_name: 'Ada', avatar: null };
const CHANNEL = { id: STORY.channel, type: 0, guild_id: STORY.guild, name: 'harbour', position: 0 }; // 0: a text channel
/** Everything a bot may do, as Discord has it in one number. */
const ADMINISTRATOR = '8';
const EVERYONE = { id: STORY.guild, name: '@everyone', permissions: ADMINISTRATOR, position: 0 };
const GUILD = { id: STORY.guild, name: 'Port', owner_id: STORY.person, roles: [EVERYONE], channels: [CHANNEL] };
const MESSAGE_CONTENT = 2 ** 18; // the application's flag: it may read what people write

const now = () => new Date().toISOString();
let messages = 0;

/**
 * As much of Discord's REST (v10) as the plugin asks for before it connects, and to answer a message. Facts: Discord's developer
 * documentation, and what openclaw asked for when it was tried.
 */
export function discordAnswer(method: string, path: string, body: string): Answer {
  const route = `${method} ${path.replace(/^\/api\/v10/, '').replace(/\?.*/, '')}`;
  switch (route) {
    case 'GET /':
      return { status: 200 };
    case 'GET /gateway':
      return { status: 200, body: { url: 'wss://gateway.discord.gg' } };
    case 'GET /users/@me':
      return { status: 200, body: BOT };
    case 'GET /users/@me/guilds':
      return { status: 200, body: [{ id: STORY.guild, name: GUILD.name }] };
    case 'GET /oauth2/applications/@me':
      return { status: 200, body: { id: STORY.bot, name: 'claw', flags: MESSAGE_CONTENT } };
    case 'GET /gateway/bot':
      return {
        status: 200,
        body: {
          url: 'wss://gateway.discord.gg',
          shards: 1,
          session_start_limit: { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 1 },
        },
      };
    case `GET /guilds/${STORY.guild}`:
      return { status: 200, body: GUILD };
    case `GET /guilds/${STORY.guild}/channels`:
      return { status: 200, body: GUILD.channels };
    case `GET /channels/${STORY.channel}`:
      return { status: 200, body: CHANNEL };
    case `GET /channels/${STORY.channel}/messages`:
    case `GET /applications/${STORY.bot}/commands`:
      return { status: 200, body: [] };
    case `PUT /applications/${STORY.bot}/commands`:
      return { status: 200, body: [] };
    case `POST /applications/${STORY.bot}/commands`:
      return { status: 201, body: { ...fields(body), id: String(++messages), application_id: STORY.bot } };
    case `POST /channels/${STORY.channel}/typing`:
      return { status: 204 };
    case `POST /channels/${STORY.channel}/messages`:
      return { status: 200, body: { ...message(BOT, ''), ...fields(body) } };
    default:
      if (route.includes('/reactions/')) return { status: 204 };
      return { status: 404, body: { message: '404: Not Found', code: 0 } };
  }
}

function fields(body: string): object {
  const parsed: unknown = body === '' ? {} : JSON.parse(body);
  return typeof parsed === 'object' && parsed !== null ? parsed : {};
}

function message(author: object, content: string) {
  return {
    id: String(300000000000000000n + BigInt(++messages)),
    channel_id: STORY.channel,
    author,
    content,
    timestamp: now(),
    edited_timestamp: null,
    tts: false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    attachments: [],
    embeds: [],
    pinned: false,
    type: 0,
  };
}

/** Opcodes of Discord's gateway that the stand-in speaks. */
const OPCODE = {
  dispatch: 0,
  heartbeat: 1,
  identify: 2,
  resume: 6,
  reconnect: 7,
  hello: 10,
  acknowledged: 11,
} as const;
const HEARTBEAT_MS = 5_000;

export interface Payload {
  readonly op: number;
  readonly d?: unknown;
}

export const HELLO: Payload = { op: OPCODE.hello, d: { heartbeat_interval: HEARTBEAT_MS } };

/** What Discord's gateway says to what it is told; a bot with another token hears nothing. */
export function gatewayReplies({ op, d }: Payload): readonly Payload[] {
  switch (op) {
    case OPCODE.heartbeat:
      return [{ op: OPCODE.acknowledged }];
    case OPCODE.identify:
      return isOurs(d) ? [dispatch('READY', ready()), dispatch('GUILD_CREATE', guild()), RECONNECT] : [];
    case OPCODE.resume:
      return isOurs(d) ? [dispatch('RESUMED', {}), dispatch('MESSAGE_CREATE', question())] : [];
    default:
      return [];
  }
}

/** Discord says so now and then; the bot comes back at the host that `READY` has named. */
const RECONNECT: Payload = { op: OPCODE.reconnect };

let sequence = 0;
function dispatch(event: string, d: object): Payload & { readonly t: string; readonly s: number } {
  return { op: OPCODE.dispatch, t: event, s: ++sequence, d };
}

function isOurs(d: unknown): boolean {
  return typeof d === 'object' && d !== null && 'token' in d && d.token === BOT_TOKEN;
}

function ready() {
  return {
    v: 10,
    user: BOT,
    guilds: [{ id: STORY.guild, unavailable: true }],
    session_id: 'session',
    resume_gateway_url: `wss://${RESUME_HOST}`,
    application: { id: STORY.bot, flags: MESSAGE_CONTENT },
  };
}

function guild() {
  const member = { user: BOT, roles: [], joined_at: now(), deaf: false, mute: false };
  return {
    ...GUILD,
    members: [member],
    member_count: 2,
    threads: [],
    voice_states: [],
    presences: [],
    joined_at: now(),
  };
}

function question() {
  const asked = message(PERSON, `<@${STORY.bot}> ${STORY.question}`);
  return { ...asked, guild_id: STORY.guild, mentions: [BOT], member: { roles: [], joined_at: now() } };
}

import { STORY } from './story.ts';

const MODEL = { id: 'msg_1', type: 'message', role: 'assistant', model: 'stand-in', stop_sequence: null };
const USAGE = { input_tokens: 10, output_tokens: 10 };

/** The events that Anthropic's API (`POST /v1/messages`, `stream: true`) would send: the answer of the story, whatever is asked. */
export function anthropicStream(): string {
  const message = { ...MODEL, content: [], stop_reason: null, usage: USAGE };
  return [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: STORY.answer } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: USAGE },
    { type: 'message_stop' },
  ]
    .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('');
}

/** The same as one document, where no stream is asked for. */
export function anthropicMessage(): object {
  return { ...MODEL, content: [{ type: 'text', text: STORY.answer }], stop_reason: 'end_turn', usage: USAGE };
}

/** A resolver of the world that knows two names, at the address that it is given: `names-main.ts ADDRESS`. */
import { createSocket } from 'node:dgram';
import dnsPacket from 'dns-packet';
import { NAMED, SITE } from './names.ts';

const socket = createSocket('udp4');
socket.on('message', (message, from) => {
  const query = dnsPacket.decode(message);
  const [question] = query.questions ?? [];
  const isKnown = question?.type === 'A' && NAMED.includes(question.name.toLowerCase());
  const reply = dnsPacket.encode({
    type: 'response',
    id: query.id ?? 0,
    flags: dnsPacket.RECURSION_DESIRED | dnsPacket.RECURSION_AVAILABLE,
    questions: query.questions ?? [],
    answers: isKnown ? [{ type: 'A', name: question.name, ttl: 60, data: SITE }] : [],
  });
  socket.send(reply, from.port, from.address);
});
socket.bind(53, process.argv[2]);

import { createSocket } from 'node:dgram';

/** What Node's datagrams cost, and nothing else: every question goes back as an answer without records. `dns-echo.ts PORT`. */

const RESPONSE = 0x80; // of the third byte (RFC 1035 4.1.1)

const socket = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) });
socket.on('message', (message, from) => {
  message[2] = (message[2] ?? 0) | RESPONSE;
  socket.send(message, 0, message.length, from.port, from.address);
});
socket.bind(Number(process.argv[2]), '127.0.0.1');

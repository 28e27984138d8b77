import { BYTE_UNITS, DEFAULT_BURST, LIMIT_UNITS, type LimitStatement } from './ast.ts';
import { SyntaxFailure, type TokenStream } from './token-stream.ts';

/** `limit rate [over] 6/minute [burst 5 packets]`, or by bytes: `limit rate 10 mbytes/second`. */
export function parseLimit(stream: TokenStream): LimitStatement {
  stream.expect('limit');
  stream.expect('rate');
  const over = stream.accept('over');
  const count = stream.expectNumber('a number of packets or bytes');
  const rate = stream.accept('/') ? { per: stream.expectOne(LIMIT_UNITS, 'a unit of time') } : parseByteRate(stream); // nft's words hold slashes: `mbytes/second` is one
  const burst: { burst: number; burstUnit?: (typeof BYTE_UNITS)[number] } = {
    burst: rate.unit === undefined ? DEFAULT_BURST : 0,
  };
  if (stream.accept('burst')) {
    burst.burst = stream.expectNumber('a number of packets or bytes', 0xffff_ffff);
    const unit = stream.expectOne(['packets', ...BYTE_UNITS], '`packets` or a unit of data');
    if (unit !== 'packets') burst.burstUnit = unit;
  }
  return { kind: 'limit', over, count, ...rate, ...burst };
}

function parseByteRate(stream: TokenStream): Pick<LimitStatement, 'unit' | 'per'> {
  const token = stream.peek();
  const spaced = BYTE_UNITS.find((each) => each === token.text); // `bytes / second`
  if (token.kind === 'word' && spaced !== undefined && stream.is('/', 1)) {
    stream.take();
    stream.expect('/');
    return { unit: spaced, per: stream.expectOne(LIMIT_UNITS, 'a unit of time') };
  }
  const [data, time] = token.text.split('/');
  const unit = BYTE_UNITS.find((each) => each === data);
  const per = LIMIT_UNITS.find((each) => each === time);
  if (token.kind !== 'word' || unit === undefined || per === undefined) {
    throw new SyntaxFailure('`/` and a unit of time, or `bytes/second`', token);
  }
  stream.take();
  return { unit, per };
}

export { AddressSet } from './address-set.ts';
export { balanced } from './balanced.ts';
export { type Bits, type Box, boxes, type NumberRange } from './boxes.ts';
export { DiagramStore, TERMINALS } from './diagram.ts';
export {
  addressLimbs,
  type DimensionName,
  familyValue,
  HeaderSpace,
  type NarrowDimension,
  type NumberDimension,
  type WideDimension,
} from './header-space.ts';
export { type Interval, IntervalSet } from './interval-set.ts';
export { type DiagramLimits, DiagramTooLarge } from './limits.ts';
export { PacketSet } from './packet-set.ts';
export { limbOf } from './range-nodes.ts';
export { commonPacket, firstCommonValue, packetReaching, type Replacement, rewrite, valueAt } from './transform.ts';
export { abortable, UNWATCHED, type Watcher } from './watcher.ts';

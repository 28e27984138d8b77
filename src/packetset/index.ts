export { AddressSet } from './address-set.ts';
export { type Bits, type Box, boxes, type NumberRange } from './boxes.ts';
export { balanced, type DiagramLimits, DiagramStore, DiagramTooLarge, type Replacement, TERMINALS } from './diagram.ts';
export {
  addressLimbs,
  type DimensionName,
  familyValue,
  HeaderSpace,
  limbOf,
  type NarrowDimension,
  type NumberDimension,
  type WideDimension,
} from './header-space.ts';
export { type Interval, IntervalSet } from './interval-set.ts';
export { PacketSet } from './packet-set.ts';

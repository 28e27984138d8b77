/** Thrown where a construct has no meaning that a reader can vouch for; caught by its `lift`, which makes it an `Opaque`. */
export class NotUnderstood extends Error {}

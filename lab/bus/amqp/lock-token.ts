/**
 * A lock token is a UUID. As a delivery tag it travels in the byte order of a .NET Guid, whose first three groups
 * are little-endian; inside management messages it travels as an AMQP uuid, in plain order.
 */
export function deliveryTag(token: string): Buffer {
  return swapped(uuidBytes(token));
}

export function tokenOfDeliveryTag(tag: Buffer | string): string {
  return tokenOfUuid(swapped(Buffer.from(tag)));
}

export function uuidBytes(token: string): Buffer {
  return Buffer.from(token.replaceAll("-", ""), "hex");
}

export function tokenOfUuid(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function swapped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.subarray(0, 4).reverse();
  copy.subarray(4, 6).reverse();
  copy.subarray(6, 8).reverse();
  return copy;
}

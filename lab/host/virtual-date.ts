/**
 * Shifts this process's `Date` by an offset, so that the unmodified app and the SDKs it uses see the lab's time. Timers
 * stay real. Returns the function that changes the offset.
 *
 * A proxy rather than a subclass: dates which Node itself makes (file times, clones) stay `instanceof Date`, and
 * `Date()` without `new` still works.
 */
export function installVirtualDate(initialOffsetMs: number): (offsetMs: number) => void {
  const RealDate = globalThis.Date;
  const realNow = RealDate.now.bind(RealDate);
  let offsetMs = initialOffsetMs;
  const now = () => realNow() + offsetMs;

  RealDate.now = now;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    apply: () => new RealDate(now()).toString(),
  });
  RealDate.prototype.constructor = globalThis.Date;

  return (next) => {
    offsetMs = next;
  };
}

/** What @peculiar/x509's dependency container asks of the `reflect-metadata` polyfill, and no more. */
type MetadataReflect = {
  getMetadata?: (key: unknown, target: object) => unknown;
  getOwnMetadata?: (key: unknown, target: object) => unknown;
  defineMetadata?: (key: unknown, value: unknown, target: object) => void;
  metadata?: (key: unknown, value: unknown) => (target: object) => void;
};

/** Installs the polyfill unless one is there already. */
export function installReflectMetadata(): void {
  // The standard Reflect object, which the polyfill extends.
  const reflect = Reflect as MetadataReflect;
  if (reflect.getMetadata !== undefined) return;
  const known = new WeakMap<object, Map<unknown, unknown>>();

  const own = (key: unknown, target: object) => known.get(target)?.get(key);
  const define = (key: unknown, value: unknown, target: object) => {
    const entries = known.get(target) ?? new Map<unknown, unknown>();
    known.set(target, entries.set(key, value));
  };

  reflect.getOwnMetadata = own;
  reflect.defineMetadata = define;
  reflect.metadata = (key, value) => (target) => define(key, value, target);
  reflect.getMetadata = (key, target) => {
    for (let object: object | null = target; object !== null; object = prototypeOf(object)) {
      const value = own(key, object);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

function prototypeOf(object: object): object | null {
  // Object.getPrototypeOf is typed as any.
  return Object.getPrototypeOf(object) as object | null;
}

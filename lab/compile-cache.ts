import { resolve } from "node:path";

/** Where processes that are started again and again keep what they have compiled. */
export const compileCache = resolve(import.meta.dirname, "../node_modules/.cache/muster/compiled");

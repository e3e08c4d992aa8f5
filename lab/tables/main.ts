import Module, { createRequire, enableCompileCache, flushCompileCache } from "node:module";
import { compileCache } from "../compile-cache.ts";

/** Azurite's table service in a process that does not outlive the lab that started it. */
process.on("disconnect", () => process.exit(0));
enableCompileCache(compileCache);
const main = createRequire(import.meta.url).resolve("azurite/dist/src/table/main.js");
const require = createRequire(main);
// Azurite loads it even when its telemetry is off, and spends three quarters of its start on that.
const unused = "applicationinsights";
const telemetry = require.resolve(unused);
require.cache[telemetry] = Object.assign(new Module(telemetry), { loaded: true });
require(main);
// It is always killed, and would otherwise leave nothing compiled to the next one.
flushCompileCache();

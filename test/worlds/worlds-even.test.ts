import { testWorlds } from "./test-worlds.ts";

testWorlds([2, 4]);

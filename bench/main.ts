import { parseArgs } from "node:util";
import type { Bench } from "./support/bench.js";
import { describeMachine, printMachine } from "./support/machine.js";

const BENCHES: Record<string, () => Promise<Bench>> = {
	codec: async () => (await import("./codec/bench.js")).benchCodec,
	pipeline: async () => (await import("./pipeline/bench.js")).benchPipeline,
	mix: async () => (await import("./mix/bench.js")).benchMix,
	small: async () => (await import("./small/bench.js")).benchSmall,
	burst: async () => (await import("./burst/bench.js")).benchBurst,
	source: async () => (await import("./source/bench.js")).benchSource,
	growth: async () => (await import("./growth/bench.js")).benchGrowth,
	embed: async () => (await import("./embed/bench.js")).benchEmbed,
	giant: async () => (await import("./giant/bench.js")).benchGiant,
};

const { values, positionals } = parseArgs({
	options: { json: { type: "boolean" }, short: { type: "boolean" } },
	allowPositionals: true,
});
const { json = false, short = false } = values;
const load = positionals.length === 1 ? BENCHES[positionals[0]] : undefined;
if (load === undefined) {
	console.error(
		`usage: npm run bench -- NAME [--json] [--short]    NAME: ${Object.keys(BENCHES).join(", ")}`,
	);
	process.exitCode = 2;
} else {
	printMachine(await describeMachine());
	const bench = await load();
	const result = await bench({ json, short });
	if (json) console.log(JSON.stringify(result));
}

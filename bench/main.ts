import { parseArgs } from "node:util";
import { benchAll } from "./all/bench-all.js";
import { writeReadmeTable } from "./report/readme-table.js";
import { writeReport } from "./report/report.js";
import type { Bench } from "./support/bench.js";
import { describeMachine, printMachine } from "./support/machine.js";

/** In the order in which `all` runs them. */
const BENCHES: Record<string, () => Promise<Bench>> = {
	codec: async () => (await import("./codec/bench.js")).benchCodec,
	pipeline: async () => (await import("./pipeline/bench.js")).benchPipeline,
	mix: async () => (await import("./mix/bench.js")).benchMix,
	small: async () => (await import("./small/bench.js")).benchSmall,
	burst: async () => (await import("./burst/bench.js")).benchBurst,
	storm: async () => (await import("./storm/bench.js")).benchStorm,
	source: async () => (await import("./source/bench.js")).benchSource,
	growth: async () => (await import("./growth/bench.js")).benchGrowth,
	embed: async () => (await import("./embed/bench.js")).benchEmbed,
	giant: async () => (await import("./giant/bench.js")).benchGiant,
	soak: async () => (await import("./soak/bench.js")).benchSoak,
};

/** What is made of the results of `all`. */
const OF_RESULTS: Record<string, () => Promise<void>> = {
	report: writeReport,
	readme: writeReadmeTable,
};

const USAGE = `usage: npm run bench -- NAME [--json] [--short]
       NAME: ${Object.keys(BENCHES).join(", ")} (--minutes N)
             all [NAME ...]: each of these, or each that is named, in a process of its own, with a report
             report, readme: the page, and the README's table, from what \`all\` measured last`;

const { values, positionals } = parseArgs({
	options: {
		json: { type: "boolean" },
		short: { type: "boolean" },
		minutes: { type: "string" },
	},
	allowPositionals: true,
});
const { json = false, short = false } = values;
const minutes =
	values.minutes === undefined ? undefined : Number(values.minutes);
const [name, ...named] = positionals;
const known = Object.keys(BENCHES);

if (name === undefined || Number.isNaN(minutes)) failUsage();
else if (name === "all" && named.every((bench) => known.includes(bench)))
	printResult(await benchAll(named.length > 0 ? named : known, { short }));
else if (named.length > 0) failUsage();
else if (Object.hasOwn(OF_RESULTS, name)) await OF_RESULTS[name]();
else if (Object.hasOwn(BENCHES, name)) {
	const machine = await describeMachine();
	printMachine(machine);
	const startedAt = new Date().toISOString();
	const bench = await BENCHES[name]();
	const result = await bench({ json, short, minutes });
	printResult({ bench: name, short, startedAt, machine, ...result });
} else failUsage();

function printResult(result: object): void {
	if (json) console.log(JSON.stringify(result));
}

function failUsage(): void {
	console.error(USAGE);
	process.exitCode = 2;
}

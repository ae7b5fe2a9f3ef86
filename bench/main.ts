import { availableParallelism, cpus } from "node:os";

/** A bench prints tables for people on standard error and resolves to what `--json` prints. */
type Bench = (options: { json: boolean }) => Promise<unknown>;

const BENCHES: Record<string, () => Promise<Bench>> = {
	codec: async () => (await import("./codec/bench.js")).benchCodec,
	pipeline: async () => (await import("./pipeline/bench.js")).benchPipeline,
};

const args = process.argv.slice(2);
const json = args.includes("--json");
const names = args.filter((arg) => !arg.startsWith("--"));
const load = names.length === 1 ? BENCHES[names[0]] : undefined;
if (load === undefined) {
	console.error(
		`usage: npm run bench -- NAME [--json]    NAME: ${Object.keys(BENCHES).join(", ")}`,
	);
	process.exitCode = 2;
} else {
	console.error(
		`node ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model.trim()})`,
	);
	const bench = await load();
	const result = await bench({ json });
	if (json) console.log(JSON.stringify(result));
}

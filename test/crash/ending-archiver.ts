import type { ArchiverStats } from "../../lib/index.js";
import { hanging, never } from "../support/hanging.js";
import { type HouseOptions, openHouse } from "../support/house.js";
import { ScriptedSource } from "../support/scripted-source.js";
import { until } from "../support/until.js";
import type { Ending } from "./endings.js";

/** An archiver's circumstances, and when these have come about. */
type Circumstances = [
	parts: HouseOptions,
	isReached: (stats: ArchiverStats) => boolean,
];

const noHook = { onJobStop() {} };

const CIRCUMSTANCES: Record<Ending, Circumstances> = {
	"before any job": [{}, () => true],
	"after jobs": [{ hooks: [noHook] }, ({ archived }) => archived === 2],
	"while jobs wait to be tried again": [
		{
			source: new ScriptedSource(() => {
				throw new Error("the store is down");
			}),
			options: { retryLimit: 1, retryDelayMs: 60_000 },
		},
		({ retrying }) => retrying === 2,
	],
	"with a group that waits for more jobs": [
		{ options: { writerGroupDelayMs: 60_000 } },
		({ ready }) => ready === 2,
	],
	"with a source that never answers": [
		{ source: new ScriptedSource(never), options: { jobTimeoutMs: 60_000 } },
		({ loading }) => loading === 2,
	],
	"with a hook that never answers": [
		{
			hooks: [{ onJobStop: never }],
			options: { hookTimeoutMs: 60_000 },
		},
		({ archived }) => archived === 2,
	],
	"with an archive that never commits": [
		{
			disturb: {
				archive: (archive) => hanging(archive, "commit", () => {}),
			},
		},
		({ committing }) => committing > 0,
	],
	"with a database that never notes who was told": [
		{
			hooks: [noHook],
			disturb: {
				repository: (repository) => hanging(repository, "markTold", () => {}),
			},
		},
		({ archived }) => archived === 2,
	],
};

const ending = process.argv[2] as Ending;
const [parts, isReached] = CIRCUMSTANCES[ending];
const house = await openHouse(parts);
const { archiver } = house;
if (ending !== "before any job") {
	for (const job of await house.registerIds([1, 2]))
		await archiver.triggerArchiving(job);
}
await until(() => isReached(archiver.stats()));
await archiver.shutdown(500).catch(() => {});
await house.close();
console.log("shut down");

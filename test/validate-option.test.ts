import { expect } from "chai";
import { dataFactsOf } from "../lib/archive/data-facts.js";
import type { Column } from "../lib/codec/column.js";
import { ArchiverError } from "../lib/index.js";
import { useHouse } from "./support/house.js";
import { testColumn } from "./support/jobs.js";
import { rejected } from "./support/rejected.js";
import { ScriptedSource } from "./support/scripted-source.js";

/** Two nodes' load at half a second's steps, which no schema knows. */
const halfSeconds: Column[] = [
	testColumn({ metric: "cpu_load", timestep: 0.5 }),
];
/** Structured as the schema asks, of a unit that it does not list, and below its minimum. */
const beyond: Column[] = [
	{
		...testColumn({ metric: "cpu_load", unit: { base: "bushels" } }),
		samples: new Float64Array(120).fill(-1),
	},
];
/** Four series of ten samples. */
const ONE_COLUMN_BYTES = 4 * 10 * 8;

const sourceOf = (columns: Column[]) => new ScriptedSource(() => columns);

for (const format of ["columnar", "json"] as const)
	describe(`option validate, ${format}`, () => {
		const openHouse = useHouse();
		const openValidating = (columns: Column[], bufferChunkBytes?: number) =>
			openHouse({
				format,
				source: sourceOf(columns),
				options: { validate: true, bufferChunkBytes },
			});

		it("fails a job whose data are broken, names the place, and leaves nothing", async () => {
			const house = await openValidating(halfSeconds);
			const [job] = await house.registerIds([1], { numNodes: 2 });
			const error = await rejected(house.archiver.archiveJob(job));
			expect(error).to.be.instanceOf(ArchiverError);
			expect(error).to.have.property("code", "SCHEMA_BROKEN");
			expect(error.message).to.equal(
				"data: cpu_load.node.timestep should be an integer, and is a number",
			);
			expect(await house.archive.exists(job)).to.equal(false);
			expect((await house.repository.findJob(job))?.monitoringStatus).to.equal(
				2,
			);
		});

		it("fails a job whose meta are broken", async () => {
			const tag = { type: "t", name: "n", scope: "global" };
			const house = await openValidating(beyond);
			const [job] = await house.registerIds([1], { numNodes: 2 });
			const error = await rejected(
				house.archiver.archiveJob({ ...job, tags: [tag, tag] }),
			);
			expect(error).to.have.property("code", "SCHEMA_BROKEN");
			expect(error.message).to.include("meta: tags ");
			expect(await house.archive.exists(job)).to.equal(false);
		});

		it("archives what goes beyond the schema, and notes it: inside columns, of the job, of its meta", async () => {
			const house = await openValidating(beyond);
			const [job] = await house.registerIds([1], { numNodes: 2 });
			await house.archiver.archiveJob(job);
			const { notes } = dataFactsOf(await house.archive.loadJobMeta(job)) ?? {};
			expect(notes).to.include.members([
				'data: cpu_load.node.unit.base "bushels" is not in the list',
				"data: flops_any is missing",
				"meta: statistics.cpu_load.avg should not be less than 0",
			]);
		});

		it("says of a job in many chunks what it says of one in a single chunk", async () => {
			const notesOf = async (bufferChunkBytes?: number) => {
				const house = await openHouse({
					format,
					options: { validate: true, bufferChunkBytes },
				});
				const [job] = await house.registerIds([1], { numNodes: 4 });
				await house.archiver.archiveJob(job);
				const facts = dataFactsOf(await house.archive.loadJobMeta(job));
				return [...(facts?.notes ?? [])].sort();
			};
			const notes = await notesOf();
			expect(await notesOf(ONE_COLUMN_BYTES)).to.deep.equal(notes);
			expect(notes).to.include("data: flops_any is missing");
			expect(notes).to.not.include("data: mem_used is missing");
		});

		it("is off unless asked for", async () => {
			const house = await openHouse({ format, source: sourceOf(halfSeconds) });
			const [job] = await house.registerIds([1], { numNodes: 2 });
			await house.archiver.archiveJob(job);
			expect(await house.archive.exists(job)).to.equal(true);
		});
	});

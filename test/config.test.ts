import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import {
	OPTIONS,
	type OptionName,
	optionsForCluster,
	resolveOptions,
} from "../lib/config.js";
import { checkoutRoot } from "./support/shared-data.js";
import { thrown } from "./support/thrown.js";

describe("options", () => {
	it("take the default where nothing is given, and count an empty variable as unset", () => {
		const options = resolveOptions({}, { ARCHIVER_CHANNEL_CAPACITY: "" });
		expect(options.channelCapacity).to.equal(128);
		expect(options.format).to.equal(undefined);
		expect(options.fsync).to.equal(true);
	});

	it("prefer the environment to the default, and an explicit option to both", () => {
		const env = {
			ARCHIVER_CHANNEL_CAPACITY: "7",
			ARCHIVER_FSYNC: "off",
			ARCHIVER_COMPRESSION: "small",
		};
		const options = resolveOptions({ channelCapacity: 9 }, env);
		expect(options.channelCapacity).to.equal(9);
		expect(options.fsync).to.equal(false);
		expect(options.compression).to.equal("small");
	});

	it("tell every problem in one error", () => {
		const env = {
			ARCHIVER_BUFFER_BYTES: "64MB",
			ARCHIVER_POOL_MAX_THREADS: "0",
			ARCHIVER_FSYNC: "perhaps",
		};
		const error = thrown(() =>
			resolveOptions({ writerGroupJobs: 1.5, nonsense: 1 } as object, env),
		);
		expect(error.code).to.equal("INVALID_OPTION");
		expect(error.details.problems).to.have.lengthOf(5);
		for (const name of [
			"ARCHIVER_BUFFER_BYTES",
			"ARCHIVER_POOL_MAX_THREADS",
			"ARCHIVER_FSYNC",
			"writerGroupJobs",
			"nonsense",
		]) {
			expect(error.message).to.contain(name);
		}
		expect(error.message).to.contain('"64MB"');
	});

	it("keep the thread counts together: one given moves the other's default, two given must fit", () => {
		expect(resolveOptions({ poolMaxThreads: 5 }, {}).poolMinThreads).to.equal(
			5,
		);
		expect(resolveOptions({ poolMinThreads: 99 }, {}).poolMaxThreads).to.equal(
			99,
		);
		expect(
			resolveOptions({ poolMinThreads: 1, poolMaxThreads: 3 }, {})
				.poolMinThreads,
		).to.equal(1);
		const error = thrown(() =>
			resolveOptions({ poolMinThreads: 3, poolMaxThreads: 2 }, {}),
		);
		expect(error.message).to.contain("poolMinThreads");
	});

	it("take lists and shares from the environment", () => {
		const options = resolveOptions(
			{},
			{ ARCHIVER_PERCENTILES: "25, 75", ARCHIVER_MIN_COMPLETENESS: "0.5" },
		);
		expect(options.percentiles).to.deep.equal([25, 75]);
		expect(options.minCompleteness).to.equal(0.5);
		const bad = ["0.5", "25,", "100", "25;75"].map((list) =>
			thrown(() => resolveOptions({}, { ARCHIVER_PERCENTILES: list })),
		);
		for (const error of bad)
			expect(error.message).to.contain("whole numbers from 1 to 99");
	});

	it("may differ by cluster, and tell what is wrong with those", () => {
		const perCluster = JSON.parse(
			'{"fritz":{"coreScopeMaxNodes":4},"__proto__":{"resolutionSeconds":60}}',
		);
		const options = resolveOptions({ perCluster }, {});
		expect(optionsForCluster(options, "fritz")).to.deep.equal({
			coreScopeMaxNodes: 4,
			resolutionSeconds: 0,
		});
		expect(optionsForCluster(options, "__proto__")).to.deep.equal({
			coreScopeMaxNodes: 8,
			resolutionSeconds: 60,
		});
		expect(optionsForCluster(options, "constructor")).to.deep.equal({
			coreScopeMaxNodes: 8,
			resolutionSeconds: 0,
		});
		const error = thrown(() =>
			resolveOptions(
				{
					perCluster: { alex: { coreScopeMaxNodes: -1, format: "json" } },
				} as object,
				{},
			),
		);
		expect(error.details.problems).to.deep.equal([
			"perCluster.alex.coreScopeMaxNodes: must be a whole number of at least 0, is -1",
			"perCluster.alex.format: no such option",
		]);
	});

	it("cannot be changed afterwards", () => {
		expect(resolveOptions({}, {})).to.be.frozen;
	});

	it("stand in the README as they are in the code", async () => {
		const readme = await readFile(join(checkoutRoot, "README.md"), "utf8");
		const [, section] = /\n## Options\n(.*?)\n## /s.exec(readme) ?? [];
		const rows = new Map(
			[...section.matchAll(/^\| `(ARCHIVER_\w+)` \| (.*?) \| (.*?) \|$/gm)].map(
				([, name, byDefault, description]) => [
					name,
					{ byDefault, description },
				],
			),
		);
		for (const name of Object.keys(OPTIONS) as OptionName[]) {
			const {
				env,
				description,
				defaultText,
				default: byDefault,
			} = OPTIONS[name];
			const row = rows.get(env);
			expect(row?.description, env).to.equal(description);
			expect(row?.byDefault, env).to.equal(defaultText ?? String(byDefault()));
			rows.delete(env);
		}
		expect(
			[...rows.keys()],
			"rows of options that are not there",
		).to.deep.equal([]);
	});
});

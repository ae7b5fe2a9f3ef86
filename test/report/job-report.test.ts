import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import type { Page } from "playwright-core";
import { dataFactsOf, withDataFacts } from "../../lib/archive/data-facts.js";
import { stageJob } from "../../lib/archive/import-job.js";
import type { Column } from "../../lib/codec/column.js";
import { jobDataOf } from "../../lib/codec/job-data.js";
import { measureColumn } from "../../lib/codec/statistics.js";
import {
	type Archive,
	type Job,
	openArchive,
	writeJobReport,
} from "../../lib/index.js";
import { usePool } from "../maintenance/seeded-archive.js";
import { testCluster, testColumn, testJob } from "../support/jobs.js";
import { rejected } from "../support/rejected.js";
import { sharedData } from "../support/shared-data.js";
import { useTempFolder } from "../support/temp-folder.js";
import { useBrowser } from "./browser.js";

const INJECTIONS = [
	"</script><img src=x onerror=alert(1)>",
	`"><script>alert(2)</script>`,
	"'--><svg onload=alert(3)>",
	"<!--<script>",
	"__proto__",
	"$& $1 `alert(4)`",
];

describe("the report of a job", () => {
	const folder = useTempFolder();
	const path = (name: string) => join(folder(), name);
	const pool = usePool();
	const open = useBrowser();

	async function archiveJob(
		job: Job,
		columns: readonly Column[],
	): Promise<Archive> {
		const archive = await openArchive(`file:${path("archive")}`, {
			fsync: false,
		});
		await archive.storeClusterConfig("testcluster", testCluster());
		// As an archiver does, which knows what the meta tells of these very data; `importJob` cannot.
		const staged = await stageJob(
			archive,
			job,
			jobDataOf(columns, measureColumn),
			{
				format: archive.format,
				compression: archive.compression,
				facts: dataFactsOf(job),
			},
		);
		expect(await archive.commit([staged])).to.deep.equal([undefined]);
		return archive;
	}

	async function report(job: Job, columns: readonly Column[]): Promise<string> {
		const archive = await archiveJob(job, columns);
		await writeJobReport(archive, job, path("report.html"), { pool });
		await archive.close();
		return path("report.html");
	}

	it("draws every metric at every scope, with its unit, and asks for nothing", async () => {
		const columns = [
			{ metric: "mem_bw", unit: { base: "B/s", prefix: "G" } },
			{ metric: "flops_any", scope: "core", series: 8 } as const,
			{ metric: "flops_any", series: 40 },
			{ metric: "unitless", unit: { base: "" }, gaps: 0.9 },
		].map((options) => testColumn({ ...options, samplesPerSeries: 1500 }));
		for (const scheme of ["light", "dark"] as const) {
			const file =
				scheme === "light"
					? await report(testJob({ numNodes: 2 }), columns)
					: path("report.html");
			const { page, misdeeds } = await open(file, scheme);
			expect(await captions(page)).to.deep.equal([
				"flops_anynode, min, median and max of 40 series, and those that stand out",
				"flops_anycore, 8 series",
				"mem_bwnode, 2 series",
				"unitlessnode, 2 series",
			]);
			for (const colours of await coloursDrawn(page))
				expect(colours).to.be.above(5);
			expect(misdeeds).to.deep.equal([]);
			await page.close();
		}
	});

	it("shows what any name holds, and obeys none", async () => {
		const [user, project, jobName, host, metric, note] = INJECTIONS;
		const hostnames = [host, ...INJECTIONS.slice(1)];
		const job = withDataFacts(
			{
				...testJob({ user, project, partition: note }),
				metaData: { jobName, jobScript: INJECTIONS.join("\n") },
				tags: [{ type: user, name: project }],
				resources: hostnames.map((hostname) => ({ hostname })),
				footprint: { [`${user}_avg`]: 1 },
			},
			{
				format: "columnar",
				dataId: "0",
				series: 0,
				samples: 0,
				notes: INJECTIONS,
			},
		);
		const columns = [user, metric, ...INJECTIONS.slice(1, 3)].map((name, i) =>
			testColumn({
				seed: i,
				metric: name,
				hostnames,
				series: hostnames.length,
				unit: { base: INJECTIONS[i] },
			}),
		);
		const file = await report(job, columns);
		const { page, misdeeds } = await open(file);
		const text = (await page.textContent("body")) ?? "";
		for (const injection of INJECTIONS) expect(text).to.contain(injection);
		expect(await page.locator("img, svg, iframe, object").count()).to.equal(0);
		expect(await page.locator("script").count()).to.equal(3);
		expect(await page.locator(".u-legend").count()).to.equal(4);
		expect(misdeeds).to.deep.equal([]);
		await page.close();
	});

	it("is forbidden to load or run anything that is not its own", async () => {
		const asked: unknown[] = [];
		const server = createServer(({ url }, response) => {
			asked.push(url);
			response.end();
		});
		await once(server.listen(0, "127.0.0.1"), "listening");
		const { port } = server.address() as AddressInfo;
		const file = await report(testJob(), [testColumn()]);
		const { page, misdeeds } = await open(file);
		await page.evaluate(`{
			const url = "http://127.0.0.1:${port}/";
			const image = "<img src='" + url + "image' onerror='document.title = 1'>";
			document.body.insertAdjacentHTML("beforeend", image);
			const script = document.createElement("script");
			script.textContent = "document.title = 2";
			document.head.append(script);
			fetch(url + "fetched").catch(() => {});
			new Promise((resolve) => document.querySelector("img").addEventListener("error", resolve));
		}`);
		expect(await page.title()).to.equal("Job 1001 on testcluster");
		expect(misdeeds.join("\n")).to.match(/img-src data:/);
		expect(misdeeds.join("\n")).to.match(/connect-src|default-src/);
		await page.close();
		server.close();
		expect(asked).to.deep.equal([]);
	});

	it("stays small however many hosts there are, and names those that stand out", async () => {
		const hosts = 1000;
		const column = testColumn({
			series: hosts,
			samplesPerSeries: 300,
			hostnames: Array.from({ length: hosts }, (_, i) => `host${i}`),
		});
		const { samples } = column;
		const level = (host: number, value: number) =>
			samples.fill(value, host * 300, (host + 1) * 300);
		for (let host = 0; host < hosts; host++) level(host, 100 + (host % 7));
		level(417, 900);
		level(23, Number.NaN);
		const file = await report(testJob({ numNodes: 1 }), [column]);
		const html = await readFile(file, "utf8");
		expect(html.length).to.be.below(200_000);
		const { page, misdeeds } = await open(file);
		expect(await page.locator(".u-legend").textContent()).to.contain("host417");
		expect(await page.locator("p.lacking").textContent()).to.equal(
			"Without samples: host23",
		);
		expect(await page.locator("td.lacking").textContent()).to.equal("99.9 %");
		expect(misdeeds).to.deep.equal([]);
		await page.close();
	});

	it("zooms all plots with one, and shows facts, statistics and completeness", async () => {
		const job = withDataFacts(testJob({ numNodes: 2, energy: 3.25 }), {
			format: "columnar",
			dataId: "0",
			series: 4,
			samples: 120,
			completeness: {
				share: 0.9755,
				hosts: [1, 2],
				series: [4, 4],
				samples: [117, 120],
				metrics: {},
			},
		});
		const columns = ["a", "b"].map((metric) => testColumn({ metric, gaps: 0 }));
		const { page, misdeeds } = await open(await report(job, columns));
		const facts = (await page.textContent("dl")) ?? "";
		expect(facts).to.contain("completeness97.5 %, 1 of 2 hosts");
		expect(facts).to.contain("energy3.25 kWh");
		const { min, max } = measureColumn(columns[0]);
		const row = (await page.textContent("tbody tr")) ?? "";
		expect(row).to.contain(String(Math.min(...min)));
		expect(row).to.contain(String(Math.max(...max)));
		expect(row).to.contain("100 %");
		const before = await pixels(page, 1);
		const plot = await page.locator("[data-plot='0'] .u-over").boundingBox();
		if (plot === null) return expect.fail("there is no plot");
		await page.mouse.move(plot.x + plot.width * 0.2, plot.y + 50);
		await page.mouse.down();
		await page.mouse.move(plot.x + plot.width * 0.4, plot.y + 50, { steps: 4 });
		await page.mouse.up();
		await page.waitForTimeout(50);
		expect(await pixels(page, 1)).not.to.equal(before);
		expect(misdeeds).to.deep.equal([]);
		await page.close();
	});

	it("says so where a metric or a job has no samples", async () => {
		const empty = testColumn({ metric: "empty", gaps: 1 });
		const none = testColumn({ metric: "none", series: 0 });
		const file = await report(testJob({ numNodes: 2 }), [empty, none]);
		const { page, misdeeds } = await open(file);
		expect(await page.locator(".empty").allTextContents()).to.deep.equal([
			"no samples",
			"no samples",
		]);
		expect(await page.locator("canvas").count()).to.equal(0);
		expect(misdeeds).to.deep.equal([]);
		await page.close();
	});

	it("replaces a file only when it is told to", async () => {
		const job = testJob();
		const archive = await archiveJob(job, [testColumn()]);
		await writeFile(path("report.html"), "mine");
		const write = (options: object) =>
			writeJobReport(archive, job, path("report.html"), { pool, ...options });
		expect((await rejected(write({}))).code).to.equal("INVALID_OPTION");
		expect(await readFile(path("report.html"), "utf8")).to.equal("mine");
		await write({ force: true });
		expect(await readFile(path("report.html"), "utf8")).to.match(/^<!doctype/);
		await archive.close();
	});

	it("draws a real job", async function () {
		const real = sharedData("archive");
		if (real === undefined) return this.skip();
		const archive = await openArchive(`file:${real}`, { readOnly: true });
		const key = { cluster: "emmy", jobId: 1403244, startTime: 1608923076 };
		await writeJobReport(archive, key, path("report.html"), { pool });
		const { page, misdeeds } = await open(path("report.html"));
		const colours = await coloursDrawn(page);
		expect(colours).to.have.lengthOf(9);
		expect(Math.min(...colours)).to.be.above(5);
		expect(misdeeds).to.deep.equal([]);
		await page.close();
	});
});

function captions(page: Page): Promise<string[]> {
	return page.locator("figcaption").allTextContents();
}

/** How many colours each plot's canvas has within its axes. */
function coloursDrawn(page: Page): Promise<number[]> {
	return page.evaluate(`
		[...document.querySelectorAll(".plot canvas")].map((canvas) => {
			const { data } = canvas.getContext("2d").getImageData(canvas.width * 0.2, 0, canvas.width * 0.7, canvas.height * 0.7);
			return new Set(new Uint32Array(data.buffer)).size;
		})`);
}

/** What a plot looks like. */
function pixels(page: Page, plot: number): Promise<string> {
	return page.evaluate(
		`document.querySelector("[data-plot='${plot}'] canvas").toDataURL()`,
	);
}

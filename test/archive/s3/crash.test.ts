import { expect } from "chai";
import type { DataFormat } from "../../../lib/codec/column.js";
import { type RelayedRequest, S3Relay } from "../../servers/s3-relay.js";
import { useChildren } from "../../support/child.js";
import { testData } from "../../support/job-data.js";
import { testCluster, testJob } from "../../support/jobs.js";
import { expectData } from "../contract/jobs.js";
import { S3Place } from "./s3-place.js";
import { useGateway } from "./use-gateway.js";

const urlOf = (path: string) =>
	JSON.stringify(new URL(path, import.meta.url).href);

/** Archives a job again. */
const WRITER = `
	const { openArchive } = await import(${urlOf("../../../lib/index.js")});
	const { testData } = await import(${urlOf("../../support/job-data.js")});
	const { testJob } = await import(${urlOf("../../support/jobs.js")});
	const [target, format] = JSON.parse(process.argv[1]);
	const archive = await openArchive(target, { format });
	await archive.importJob(testJob(), testData(2, 300));
`;

interface Death {
	format: DataFormat;
	when: string;
	/** Whether this request of the commit is the one that never gets there. */
	at(request: RelayedRequest): boolean;
	/** Data that are there afterwards. */
	version: number;
}

const isMeta = ({ method, key }: RelayedRequest) =>
	method === "PUT" && key.endsWith("/meta.json");
const isCopy = ({ method, key }: RelayedRequest) =>
	method === "PUT" && key.endsWith("/data.json.gz");
const isRemoval = ({ method, key }: RelayedRequest) =>
	method === "DELETE" && /\/data-[0-9a-f]{16}\./.test(key);

const DEATHS: Death[] = [
	{ format: "json", when: "its meta names the data", at: isMeta, version: 1 },
	{ format: "json", when: "they are copied", at: isCopy, version: 2 },
	{
		format: "json",
		when: "its meta names them no more",
		at: second(isMeta),
		version: 2,
	},
	{ format: "json", when: "they are removed", at: isRemoval, version: 2 },
	{
		format: "columnar",
		when: "the old data are removed",
		at: isRemoval,
		version: 2,
	},
];

describe("a process that dies while it archives a job in S3 again", () => {
	const gateway = useGateway();
	const startChild = useChildren();

	for (const { format, when, at, version } of DEATHS)
		it(`${format}, before ${when}: the next one finishes what it began`, async () => {
			const relay = await S3Relay.start(gateway().endpoint);
			const place = new S3Place(gateway(), relay.endpoint);
			const job = testJob();
			const first = await place.open({ format });
			await first.storeClusterConfig("testcluster", testCluster());
			await first.importJob(job, testData(1, 300));
			await first.close();
			const sound = await place.contents();

			const child = startChild({ text: WRITER }, [
				JSON.stringify([place.configuration, format]),
			]);
			relay.fate = async (request) => {
				if (!at(request)) return "relayed";
				await child.kill();
				return "lost";
			};
			expect(await child.ended).to.equal("SIGKILL");
			relay.fate = () => "relayed";

			const reader = await place.open({ readOnly: true });
			await expectData(reader, job, testData(version, 300));
			await reader.close();
			const next = await place.open();
			await expectData(next, job, testData(version, 300));
			if (version === 2) {
				expect(await place.contents()).to.deep.equal(sound);
				for await (const { path } of next.strays()) expect.fail(path);
			}
			await next.importJob(job, testData(3, 300));
			await expectData(next, job, testData(3, 300));
			await next.close();
			expect(await place.contents()).to.deep.equal(sound);
			await place.close();
			await relay.close();
		});
});

function second(
	isMeant: (request: RelayedRequest) => boolean,
): (request: RelayedRequest) => boolean {
	let seen = 0;
	return (request) => isMeant(request) && ++seen === 2;
}

import { expect } from "chai";
import { openArchive } from "../../../lib/archive/open.js";
import type { S3Configuration } from "../../../lib/archive/s3/place.js";
import { parsePlace, targetOf } from "../../../lib/archive/s3/place.js";
import { useChildren } from "../../support/child.js";
import { rejected } from "../../support/rejected.js";

const SECRET = "geheim-geheim";

describe("the place of an S3 archive", () => {
	const startChild = useChildren();

	const addresses: [address: string, target: string][] = [
		["s3://jobs", "s3://jobs/"],
		["s3://jobs/", "s3://jobs/"],
		["s3://jobs/a/b", "s3://jobs/a/b"],
		["s3://jobs//a//b//", "s3://jobs/a/b"],
		["s3://jobs/a?region=eu-1", "s3://jobs/a?region=eu-1"],
		[
			"s3://jobs?endpoint=http://localhost:9000&pathStyle=true",
			"s3://jobs/?endpoint=http%3A%2F%2Flocalhost%3A9000&region=us-east-1&pathStyle=true",
		],
		["s3://jobs?checksums=supported", "s3://jobs/?checksums=supported"],
	];
	for (const [address, target] of addresses)
		it(`is read from ${address}`, () => {
			const place = parsePlace(address);
			expect(targetOf(place)).to.equal(target);
			expect(parsePlace(target)).to.deep.equal(place);
		});

	it("is read from ClusterCockpit's configuration, and told without its secrets", () => {
		const place = parsePlace({
			kind: "s3",
			endpoint: "https://store.example:9000",
			bucket: "jobs",
			region: "",
			"access-key": "someone",
			"secret-key": SECRET,
			"use-path-style": true,
		});
		expect(place).to.deep.equal({
			bucket: "jobs",
			prefix: "",
			endpoint: "https://store.example:9000",
			region: "us-east-1",
			pathStyle: true,
			checksums: "required",
			credentials: { accessKeyId: "someone", secretAccessKey: SECRET },
		});
		expect(targetOf(place))
			.not.to.include(SECRET)
			.and.not.to.include("someone");
	});

	it("is refused where it is none, without telling secrets", async () => {
		const bad: (string | Record<string, unknown>)[] = [
			"s3:jobs",
			"s3://",
			"s3://Jobs_",
			"s3://jobs/a b",
			{ bucket: "jobs", prefix: "../a" },
			`s3://jobs?secret-key=${SECRET}`,
			`s3://someone:${SECRET}@jobs`,
			`s3://jobs?endpoint=http://someone:${SECRET}@store.example`,
			"s3://jobs?endpoint=store.example:9000",
			"s3://jobs?pathStyle=yes",
			"s3://jobs?checksums=none",
			{ bucket: undefined, "secret-key": SECRET },
			{ bucket: "jobs", "secret-key": SECRET },
			{ bucket: "jobs", "access-key": SECRET },
			{ bucket: "jobs", "access-key": 1, "secret-key": SECRET },
			{ bucket: "jobs", "use-path-style": "true" },
			{ bucket: "jobs", prefix: 5 },
			{ bucket: "jobs", region: 5 },
			{ bucket: "jobs", endpoint: `http://${SECRET}:${SECRET}@x` },
		];
		for (const target of bad) {
			const given =
				typeof target === "string"
					? target
					: ({ kind: "s3", ...target } as unknown as S3Configuration);
			const { code, message, details, cause } = await rejected(
				openArchive(given),
			);
			expect(code, JSON.stringify(target)).to.equal("INVALID_INPUT");
			expect(JSON.stringify([message, details, cause])).not.to.include(SECRET);
		}
	});

	it("lists every option that is not usable", async () => {
		const { code, details } = await rejected(
			openArchive("s3://jobs", {
				requestTimeoutMs: 0,
				retries: -1,
				retryDelayMs: 0.5,
				partBytes: 1000,
			}),
		);
		expect(code).to.equal("INVALID_OPTION");
		expect(details.problems).to.have.length(4);
	});

	it("says what to install where the SDK is missing", async () => {
		const library = new URL("../../../lib/index.js", import.meta.url).href;
		const hooks = `
			export async function resolve(specifier, context, next) {
				if (specifier.startsWith("@aws-sdk/"))
					throw Object.assign(new Error("not here"), { code: "ERR_MODULE_NOT_FOUND" });
				return next(specifier, context);
			}
		`;
		const child = startChild({
			text: `
				import { register } from "node:module";
				register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});
				const { openArchive } = await import(${JSON.stringify(library)});
				const { code, message } = await openArchive("s3://jobs").catch((error) => error);
				console.log(JSON.stringify({ code, message }));
			`,
		});
		const { code, message } = JSON.parse((await child.line()) ?? "");
		expect(code).to.equal("INVALID_OPTION");
		expect(message).to.include("npm install @aws-sdk/client-s3");
	});
});

// Lints docs/openapi.yaml and docs/asyncapi.yaml: node lint-api.js OPENAPI ASYNCAPI. One line a problem; exit status 1 when there is one.
import {readFileSync} from "node:fs";
import {Parser} from "@asyncapi/parser";
import {createConfig, lint} from "@redocly/openapi-core";

const [openapi, asyncapi] = process.argv.slice(2);
const config = await createConfig({
    extends: ["recommended-strict"],
    rules: {
        "info-license": "off", // there is none yet
        "operation-4xx-response": "off", // `default` stands for every problem
        "no-server-example.com": "off", // localhost is where one tries it
    },
});
const said = (await lint({ref: openapi, config})).map((p) => `${openapi}: ${p.ruleId}: ${p.message} (${p.location[0]?.pointer})`);
const {document, diagnostics} = await new Parser().parse(readFileSync(asyncapi, "utf8"), {source: asyncapi});
for (const d of diagnostics)
    if (d.code !== "asyncapi-latest-version") // 3.0 is what tools know
        said.push(`${asyncapi}: ${d.code}: ${d.message} (${d.path.join("/")})`);
if (!document && said.length === 0)
    said.push(`${asyncapi}: cannot be read`);
for (const line of said)
    console.log(line);
process.exitCode = said.length > 0 ? 1 : 0;

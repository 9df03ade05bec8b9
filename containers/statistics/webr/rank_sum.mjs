// Run rank_sum() of an R source file in webR.
//   node rank_sum.mjs SOURCE.R < request.json > answer.json
// Request: {"positive": [mm3, ...], "negative": [mm3, ...], "exact": true}.
// Answer: {"r": R.version.string, "values": {name: number or null}}.
import { readFileSync } from 'node:fs';
import { WebR } from 'webr';

const source = readFileSync(process.argv[2], 'utf8');
const request = JSON.parse(readFileSync(0, 'utf8'));

const webR = new WebR({ interactive: false });
await webR.init();
try {
  // Bound as double vectors: no number passes through text inside R.
  for (const name of ['positive', 'negative', 'exact']) {
    await webR.objs.globalEnv.bind(name, request[name]);
  }
  await webR.evalRVoid(source);
  const result = await (await webR.evalR('rank_sum(positive, negative, exact)')).toJs();
  const values = Object.fromEntries(result.names.map((name, at) => [name, result.values[at]]));
  const r = await webR.evalRString('R.version.string');
  process.stdout.write(JSON.stringify({ r, values }) + '\n');
} finally {
  webR.close();
}

// stage.mjs SOURCE MODULES TARGET: make TARGET the web root: htdocs from SOURCE, and the libraries from MODULES
// (node_modules) as plain ES modules in TARGET/lib. What is served is what was written, file by file, without comments and
// indentation (source maps lie beside it); the libraries' bare imports are rewritten to files beside them, and the client's
// `react` to Preact's compat.

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, extname, join, resolve } from 'node:path';

const LIBRARIES = [
  { name: 'preact', package: 'preact', file: 'dist/preact.mjs' },
  { name: 'preact/hooks', package: 'preact', file: 'hooks/dist/hooks.mjs' },
  { name: 'react', package: 'preact', file: 'compat/dist/compat.mjs' }, // what the client's hooks and components import
  { name: 'htm', package: 'htm', file: 'dist/htm.mjs' },
  { name: '@preact/signals-core', package: '@preact/signals-core', file: 'dist/signals-core.mjs' },
  { name: '@preact/signals', package: '@preact/signals', file: 'dist/signals.mjs' },
  { name: '@dagrejs/dagre', package: '@dagrejs/dagre', file: 'dist/dagre.esm.js', bundles: ['@dagrejs/graphlib'] },
  { name: 'diff', package: 'diff', file: 'libesm/diff/base.js' },
  { name: 'dompurify', package: 'dompurify', file: 'dist/purify.es.mjs' },
  { name: 'marked', package: 'marked', file: 'lib/marked.esm.js' },
  { name: 'uplot', package: 'uplot', file: 'dist/uPlot.esm.js', styles: 'dist/uPlot.min.css' },
];
const SITE = ['index.html', 'app', 'client', 'css', 'icons'];

const [source, modules, target] = process.argv.slice(2);
if (!target) {
  console.error('usage: node stage.mjs SOURCE MODULES TARGET');
  process.exit(2);
}

const { transformSync } = createRequire(`${resolve(modules)}/`)('esbuild');
const LOADERS = { '.js': 'js', '.css': 'css' };

const fileOf = (name) => `${name.replace(/^@/, '').replaceAll('/', '-')}.js`;
const known = new Set(LIBRARIES.map(({ name }) => name));

function rewriteImports(code, importer, folder = './') {
  return code.replace(/(\bfrom\s*|\bimport\s*)(["'])([^"'./\s][^"'\s]*)\2/g, (_, keyword, quote, name) => {
    if (!known.has(name)) throw new Error(`${importer} imports ${name}, which stage.mjs does not know`);
    return `${keyword}${quote}${folder}${fileOf(name)}${quote}`;
  });
}

function write(to, code) {
  const loader = LOADERS[extname(to)];
  if (!loader) return writeFileSync(to, code);
  const made = transformSync(code.toString(), { loader, minifyWhitespace: true, sourcemap: true, sourcefile: basename(to), legalComments: 'inline' });
  writeFileSync(to, `${made.code}${loader === 'css' ? `/*# sourceMappingURL=${basename(to)}.map */` : `//# sourceMappingURL=${basename(to)}.map`}\n`);
  writeFileSync(`${to}.map`, made.map);
}

// Contents only: a source tree that is read-only must not make a web root that is.
function copy(from, to) {
  let entries;
  try {
    entries = readdirSync(from);
  } catch (error) {
    if (error.code !== 'ENOTDIR') throw error;
    return write(to, readFileSync(from));
  }
  mkdirSync(to, { recursive: true });
  for (const entry of entries) copy(join(from, entry), join(to, entry));
}

const lib = join(target, 'lib');
rmSync(target, { recursive: true, force: true });
mkdirSync(lib, { recursive: true });
for (const entry of SITE) copy(join(source, entry), join(target, entry));
for (const entry of readdirSync(join(source, 'client')).filter((name) => name.endsWith('.js'))) {
  const code = readFileSync(join(source, 'client', entry), 'utf8');
  write(join(target, 'client', entry), rewriteImports(code, entry, '../lib/'));
}

const licences = new Map();
for (const { name, package: folder, file, styles, bundles = [] } of LIBRARIES) {
  const code = readFileSync(join(modules, folder, file), 'utf8').replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n');
  writeFileSync(join(lib, fileOf(name)), rewriteImports(code, name));
  if (styles) writeFileSync(join(lib, fileOf(name).replace(/js$/, 'css')), readFileSync(join(modules, folder, styles)));
  for (const licensed of [folder, ...bundles]) {
    const { version, license } = JSON.parse(readFileSync(join(modules, licensed, 'package.json'), 'utf8'));
    const text = readFileSync(join(modules, licensed, 'LICENSE'), 'utf8').trim();
    licences.set(licensed, `${licensed} ${version} (${license})\n\n${text}\n`);
  }
}
writeFileSync(join(lib, 'LICENSES.txt'), [...licences.values()].join(`\n${'-'.repeat(80)}\n\n`));

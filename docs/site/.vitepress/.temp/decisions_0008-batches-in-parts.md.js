import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"0008 Batches are shared among threads in parts","description":"","frontmatter":{},"headers":[],"relativePath":"decisions/0008-batches-in-parts.md","filePath":"decisions/0008-batches-in-parts.md"}');
const _sfc_main = { name: "decisions/0008-batches-in-parts.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="0008-batches-are-shared-among-threads-in-parts" tabindex="-1">0008 Batches are shared among threads in parts <a class="header-anchor" href="#0008-batches-are-shared-among-threads-in-parts" aria-label="Permalink to &quot;0008 Batches are shared among threads in parts&quot;">​</a></h1><p>Status: accepted, 2026-11-25</p><h2 id="context" tabindex="-1">Context <a class="header-anchor" href="#context" aria-label="Permalink to &quot;Context&quot;">​</a></h2><p>ND4J and OpenBLAS split each op among threads. A step of an encoder is about 1500 ops, most of them a fraction of a millisecond long, and the two libraries bring an OpenMP pool each, whose waiting threads spin.</p><h2 id="decision" tabindex="-1">Decision <a class="header-anchor" href="#decision" aria-label="Permalink to &quot;Decision&quot;">​</a></h2><p><code>ParallelExecutor</code> cuts a batch along its rows, runs each part through an executor of its own on a thread of its own, and averages losses and gradients by the numbers of rows. <code>GraphExecutor.fork()</code> gives another executor over the same arrays: ops hold state while they run, so a fork copies the graph&#39;s ops, never its arrays. <code>Trainable.inParallel(threads)</code> is the way to it. ND4J itself gets one thread (<code>OMP_NUM_THREADS=1</code>).</p><h2 id="alternatives" tabindex="-1">Alternatives <a class="header-anchor" href="#alternatives" aria-label="Permalink to &quot;Alternatives&quot;">​</a></h2><p>MiniLM, LoRA rank 8 on all linear layers, two cores (AMD EPYC), no other work, milliseconds of a step:</p><table tabindex="0"><thead><tr><th>batch</th><th>one thread</th><th>two OpenMP threads, passive</th><th>two parts</th></tr></thead><tbody><tr><td>32 × 16 (for parts: 32 × 20)</td><td>358–363</td><td>397–504</td><td>253</td></tr><tr><td>32 × 64</td><td>1379–1418</td><td>1035–1122</td><td>732</td></tr></tbody></table><p>With OpenMP&#39;s default waiting (spinning) on the same machine a 32 × 16 step took 1296–1560 ms: always set <code>OMP_WAIT_POLICY=PASSIVE</code> on shared cores.</p><h2 id="consequences" tabindex="-1">Consequences <a class="header-anchor" href="#consequences" aria-label="Permalink to &quot;Consequences&quot;">​</a></h2><ul><li>Right only for losses that are means over the rows of a batch; the documentation says so at each entry.</li><li>Another number of threads rounds differently; equal numbers give equal bits, because the split and the order of the sums are fixed.</li><li>Each part holds activations of its own: together about those of the whole batch.</li></ul></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("decisions/0008-batches-in-parts.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const _0008BatchesInParts = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  _0008BatchesInParts as default
};

import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"0041: Attention, an example at a time, its scores computed again","description":"","frontmatter":{},"headers":[],"relativePath":"decisions/0041-attention-example-by-example.md","filePath":"decisions/0041-attention-example-by-example.md"}');
const _sfc_main = { name: "decisions/0041-attention-example-by-example.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="0041-attention-an-example-at-a-time-its-scores-computed-again" tabindex="-1">0041: Attention, an example at a time, its scores computed again <a class="header-anchor" href="#0041-attention-an-example-at-a-time-its-scores-computed-again" aria-label="Permalink to &quot;0041: Attention, an example at a time, its scores computed again&quot;">​</a></h1><p>Attention was four steps of a plan: a product for the scores, the mask added, softmax, a product with the values, each over the whole batch. Scores of MiniLM&#39;s 32 x 64 tokens are 6 MB a layer, so each step wrote them to memory and the next read them; 61 ms of a LoRA step of 508 (AMD EPYC, Zen 5, one thread) were spent so, for products that take 18 ms in the cache.</p><p>Now the pattern is one op of our own (<code>Attention</code>), which oneDNN computes example by example: scale and mask are part of the first product, the scores lie in memory that is used again for the next example, and only the result is written. The backward pass computes the scores again from queries and keys. That costs a product and a softmax in the cache (30 microseconds an example) and saves reading and keeping 38 MB. Attention takes 46 ms now.</p><p>It applies where the multiplier has a kernel of its own for it (<code>Multiplier.kernel(&quot;attention&quot;, ..)</code>); with products by ND4J the steps stay as they were, since nothing would be gained. Masks that learn, shares or scores that are asked for, dropout on shares, score caps and heads that share keys are left to the steps.</p><p>Not taken: keeping the shares for the backward pass (reading them costs as much as computing them); all steps of a layer on pieces of rows (measured on the feed-forward part: 142 ms as before forwards, 143 instead of 147 ms backwards, because weights have to be read again for each piece); operands copied to dense memory first (no gain).</p></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("decisions/0041-attention-example-by-example.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const _0041AttentionExampleByExample = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  _0041AttentionExampleByExample as default
};

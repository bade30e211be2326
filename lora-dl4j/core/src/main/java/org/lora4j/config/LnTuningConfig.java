/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import org.lora4j.error.Problems;

/**
 * Which normalizations are trained: their own gains and biases, and nothing else. An adapter holds whole normalizations, and
 * one adapter at a time can be active.
 *
 * <p>Example, all normalizations of a transformer of LLaMA's kind: <pre>{@code
 * LnTuningConfig config = LnTuningConfig.builder()
 *         .targetModules("input_layernorm", "post_attention_layernorm", "norm")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Zhao et al. 2023, Tuning LayerNorm in Attention: Towards Efficient Multi-Modal LLM Finetuning,
 * arXiv 2312.11420.
 *
 * @apiNote Status: experimental
 */
public final class LnTuningConfig extends AdapterConfig {

    private LnTuningConfig(Builder builder) {
        super(builder);
    }

    /**
     * Starts a config without targets.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public Builder toBuilder() {
        return builder().from(this);
    }

    @Override
    public TargetUse targetUse() {
        return TargetUse.WHOLE;
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends AdapterConfig.Builder<Builder> {

        private Builder() {
            super("LN_TUNING", MODULES);
        }

        @Override
        void checkTogether(Problems problems) {
            problems.check(
                    !(get(TARGET_MODULES) instanceof ModuleSelector.AllLinear),
                    "targetModules = all-linear, expected names of normalizations or a regular expression");
        }

        @Override
        public LnTuningConfig build() {
            return new LnTuningConfig(this);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;

/**
 * What the strategies have in common.
 *
 * @param training texts of each intent to learn from
 * @param test texts of each intent to be tested on
 * @param epochs how often an adapter sees a task
 * @param fullEpochs how often full fine-tuning sees a task
 * @param threads how many strategies run side by side
 * @param seed of everything
 */
record Settings(int training, int test, int epochs, int fullEpochs, int threads, long seed) {

    static final int RANK = 8;
    static final double ALPHA = 16;
    static final int BATCH = 32;
    static final int TEST_BATCH = 64;
    static final int LONGEST = 48;
    static final double RATE = 2e-3;
    static final double FULL_RATE = 3e-4;
    static final double HEAD_RATE = 5e-3;

    /** The upper two layers of six, above {@link LowerLayers}. */
    private static final String TARGETS = "encoder\\.layer\\.[45]\\..*(query|key|value|dense)";

    /** An adapter with the heads of some tasks. */
    LoraConfig config(String... tasks) {
        String[] heads = new String[tasks.length];
        for (int i = 0; i < heads.length; i++) {
            heads[i] = HeadsGraph.head(tasks[i]);
        }
        return LoraConfig.builder()
                .rank(RANK)
                .alpha(ALPHA)
                .targetModules(ModuleSelector.regex(TARGETS))
                .modulesToSave(heads)
                .build();
    }
}

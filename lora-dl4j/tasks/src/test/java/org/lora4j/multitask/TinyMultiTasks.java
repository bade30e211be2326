/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import org.nd4j.linalg.api.buffer.DataType;

/** Multi-task adapters for tests of other packages. */
public final class TinyMultiTasks {

    private TinyMultiTasks() {}

    /** An adapter with shared factors, experts and own factors of two tasks, of random values. */
    public static MultiTaskAdapter adapter(long seed) {
        TinyTasks tiny = new TinyTasks(DataType.FLOAT);
        MultiTaskConfig config = MultiTaskConfig.builder()
                .shared(TinyTasks.lora(2, 4, "up", "down"))
                .specific(TinyTasks.lora(1, 3, "down"))
                .experts(2, TinyTasks.lora(1, 2, "up"), MultiTaskConfig.Gate.TASK)
                .build();
        MultiTaskModel model = MultiTaskModel.create(config, tiny.twoTasks(), 1);
        tiny.disturb(model, seed);
        return model.adapter();
    }
}

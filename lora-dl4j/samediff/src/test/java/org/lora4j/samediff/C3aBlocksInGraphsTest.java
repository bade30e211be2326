/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.SplittableRandom;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.C3aBlocksContract;
import org.lora4j.random.RandomStreams;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;

class C3aBlocksInGraphsTest extends C3aBlocksContract {

    @Override
    protected AdaptedModel model() {
        SameDiff graph = SameDiff.create();
        SplittableRandom random = new SplittableRandom(3);
        graph.placeHolder("x", DataType.FLOAT, -1, 4)
                .mmul(graph.var("wide.weight", RandomStreams.uniform(random, 1, DataType.FLOAT, 4, 12)))
                .mmul("y", graph.var("narrow.weight", RandomStreams.uniform(random, 1, DataType.FLOAT, 12, 6)));
        return AdaptedSameDiff.of(graph);
    }
}

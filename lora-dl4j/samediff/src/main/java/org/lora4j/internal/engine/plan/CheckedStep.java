/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.util.Arrays;
import org.lora4j.internal.engine.kernel.IndexCheck;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A step that follows indices, which are looked at first. */
final class CheckedStep implements Step {

    private final Step step;
    private final IndexCheck check;
    private final INDArray[] in;

    CheckedStep(Step step, IndexCheck check, int inputs) {
        this.step = step;
        this.check = check;
        this.in = new INDArray[inputs];
    }

    @Override
    public void input(int at, INDArray array) {
        in[at] = array;
        step.input(at, array);
    }

    @Override
    public void output(int at, INDArray array) {
        step.output(at, array);
    }

    @Override
    public void run() {
        check.check(Arrays.asList(in));
        step.run();
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.util.Arrays;
import java.util.List;
import org.lora4j.exec.kernel.Kernel;
import org.nd4j.linalg.api.ndarray.INDArray;

/** An op that a kernel computes. */
final class KernelStep implements Step {

    private final Kernel kernel;
    private final INDArray[] in;
    private final INDArray[] out;
    private final List<INDArray> inputs;
    private final List<INDArray> outputs;

    KernelStep(Kernel kernel, int inputs, int outputs) {
        this.kernel = kernel;
        this.in = new INDArray[inputs];
        this.out = new INDArray[outputs];
        this.inputs = Arrays.asList(in);
        this.outputs = Arrays.asList(out);
    }

    @Override
    public void input(int at, INDArray array) {
        in[at] = array;
    }

    @Override
    public void output(int at, INDArray array) {
        out[at] = array;
    }

    @Override
    public void run() {
        kernel.run(inputs, outputs);
    }
}

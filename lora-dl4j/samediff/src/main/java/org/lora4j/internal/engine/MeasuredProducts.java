/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A multiplier, and how long it took: reading the clock twice costs a thousandth of a small product. */
final class MeasuredProducts implements Multiplier {

    private static final double NANOS = 1e9;

    private final Multiplier multiplier;
    private final LongAdder nanos = new LongAdder();

    MeasuredProducts(Multiplier multiplier) {
        this.multiplier = multiplier;
    }

    /** The time of all threads together. */
    double seconds() {
        return nanos.sum() / NANOS;
    }

    @Override
    public void multiply(Product product, INDArray z, double kept) {
        long from = System.nanoTime();
        multiplier.multiply(product, z, kept);
        nanos.add(System.nanoTime() - from);
    }

    @Override
    public void sum(List<INDArray> addends, List<Product> products, INDArray z) {
        long from = System.nanoTime();
        multiplier.sum(addends, products, z);
        nanos.add(System.nanoTime() - from);
    }

    @Override
    public Kernel kernel(String name, Kernel java) {
        return multiplier.kernel(name, java);
    }

    @Override
    public boolean rounds() {
        return multiplier.rounds();
    }

    @Override
    public String description() {
        return multiplier.description();
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.Map;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.trust.TrustPolicy;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Describes a server; what is there for every kind of base.
 *
 * @param <B> the builder itself
 * @apiNote Status: stable
 */
public abstract sealed class ServerBuilder<B extends ServerBuilder<B>>
        permits GraphServerBuilder, NetworkServerBuilder {

    private static final int MAX_ROWS = 1024;

    private Map<String, INDArray> example = Map.of();
    private long adapterMemory = Long.MAX_VALUE;
    private int concurrency = Runtime.getRuntime().availableProcessors();
    private int maxRows = MAX_ROWS;
    private TrustPolicy trust = TrustPolicy.usual();

    ServerBuilder() {}

    abstract B self();

    abstract void check(Problems problems);

    abstract ServedBase base();

    final Map<String, INDArray> example() {
        return example;
    }

    /**
     * Gives examples of inputs. The base is run on the first three rows, together and each alone, to find out which modules
     * keep rows apart. Inputs that hold NaN or infinite values here may hold them in requests as well; those of all other
     * inputs are refused.
     *
     * @param inputs an array for each input that the outputs depend on, with two rows or more that differ; those of others
     *     are not looked at
     * @return this
     */
    public B example(Map<String, INDArray> inputs) {
        example = Map.copyOf(Arguments.allRequired(inputs, "AdapterServer: example", "an array of rows"));
        return self();
    }

    /**
     * Limits the memory of adapters.
     *
     * @param bytes 1 or more; no limit by default
     * @return this
     */
    public B adapterMemory(long bytes) {
        adapterMemory = bytes;
        return self();
    }

    /**
     * Limits how many batches are computed at the same time; further ones wait. Each takes the memory of a batch.
     *
     * @param batches 1 or more; the number of processors by default
     * @return this
     */
    public B concurrency(int batches) {
        concurrency = batches;
        return self();
    }

    /**
     * Limits the rows of one request, and of the batches that requests are put into.
     *
     * @param rows 1 or more; 1,024 by default
     * @return this
     */
    public B maxRows(int rows) {
        maxRows = rows;
        return self();
    }

    /**
     * Sets what is asked of directories of adapters: a receipt, a signature, the same base.
     *
     * @param policy the policy; {@link TrustPolicy#usual} by default
     * @return this
     */
    public B trust(TrustPolicy policy) {
        trust = Arguments.required(policy, "AdapterServer: trust", "a policy, such as TrustPolicy.usual().strict()");
        return self();
    }

    /**
     * Builds the server; there is no adapter yet.
     *
     * @return a server
     * @throws IllegalArgumentException if a setting is missing or out of range, the example does not fit the base, or an
     *     output does not keep rows apart; the message lists what is wrong
     */
    public AdapterServer build() {
        Problems problems = new Problems();
        problems.atLeast("adapterMemory", adapterMemory, 1);
        problems.atLeast("concurrency", concurrency, 1);
        problems.check(!example.isEmpty(), "no example; give inputs of two rows or more with example(...)");
        problems.atLeast("maxRows", maxRows, 1);
        check(problems);
        problems.throwIfAny("AdapterServer");
        return new AdapterServer(base(), example, adapterMemory, maxRows, concurrency, trust);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.dl4j.layer.FrozenVector;
import org.lora4j.error.Arguments;

/**
 * Makes a base known, so that networks that were saved in {@link MemoryMode#LOW_MEMORY} can be read back over it.
 *
 * <pre>{@code
 * RegisteredBase registered = RegisteredBase.of(base);
 * MultiLayerNetwork adapted = ModelSerializer.restoreMultiLayerNetwork(file);
 * registered.close();
 * }</pre>
 *
 * <p>A registration lasts until {@link #close()}, or as long as this object is in use. Networks that were read keep the
 * base's parameters by themselves. An {@link AdaptedNetwork} in that mode registers its
 * base, too.
 *
 * <p><b>Threads.</b> May be used from several.
 *
 * @apiNote Status: experimental
 */
public final class RegisteredBase implements AutoCloseable {

    private final String id;
    // Registration is weak: what holds it is this field.
    private volatile FrozenVector held;

    private RegisteredBase(FrozenVector vector) {
        this.id = vector.id();
        this.held = vector;
    }

    /**
     * Registers a network. Reads all its parameters once.
     *
     * @param base an initialized network with parameters; not to be changed from now on
     * @return the registration
     * @throws IllegalArgumentException if the network is not initialized
     */
    public static RegisteredBase of(MultiLayerNetwork base) {
        Arguments.required(base, "RegisteredBase.of: base", "a network");
        return of(base, new MultiLayerAccess());
    }

    /**
     * Registers a graph. Reads all its parameters once.
     *
     * @param base an initialized graph with parameters; not to be changed from now on
     * @return the registration
     * @throws IllegalArgumentException if the graph is not initialized
     */
    public static RegisteredBase of(ComputationGraph base) {
        Arguments.required(base, "RegisteredBase.of: base", "a network");
        return of(base, new GraphAccess());
    }

    private static <N extends Model> RegisteredBase of(N base, NetworkAccess<N> access) {
        access.requireReady(base);
        return new RegisteredBase(FrozenVector.of(base.params()));
    }

    /**
     * The name under which saved networks know the base.
     *
     * @return SHA-256 of type, number and values of the parameters, in hexadecimal digits
     */
    public String id() {
        return id;
    }

    /**
     * Whether this object still keeps the base registered.
     *
     * @return false after {@link #close()}
     */
    public boolean isOpen() {
        return held != null;
    }

    /** Ends the registration. The base stays known while a network over it is in use. */
    @Override
    public void close() {
        held = null;
    }

    @Override
    public String toString() {
        return "RegisteredBase[" + id + "]";
    }
}

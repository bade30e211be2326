/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.output;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.oracle.labs.mlrg.olcut.config.Configurable;
import com.oracle.labs.mlrg.olcut.provenance.ConfiguredObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.Provenancable;
import java.util.List;
import java.util.Map;
import org.tribuo.Dataset;
import org.tribuo.ImmutableOutputInfo;
import org.tribuo.Output;
import org.tribuo.protos.ProtoSerializable;

/**
 * Turns outputs into what a network learns, and what a network gives into predictions.
 *
 * <p>The head of a network has a row for each name of the output domain; which row is whose is said by name, because
 * Tribuo's ids depend on the data set.
 *
 * <p><b>Own converters</b> follow Tribuo's convention for protos: a public static method {@code
 * deserializeFromProto(int, String, Any)} gets what {@link #protoVersion}, the class and {@link #protoSettings} gave.
 *
 * <p><b>State.</b> Immutable once configured. <b>Threads.</b> Safe.
 *
 * @param <T> type of output
 * @apiNote Status: stable
 */
public interface OutputConverter<T extends Output<T>>
        extends Configurable, ProtoSerializable<Message>, Provenancable<ConfiguredObjectProvenance> {

    /**
     * What the head minimizes.
     *
     * @return the loss
     */
    Loss loss();

    /**
     * Whether predictions come with probabilities.
     *
     * @return true if the scores of a prediction are probabilities
     */
    boolean generatesProbabilities();

    /**
     * The type of output.
     *
     * @return its class
     */
    Class<T> outputClass();

    /**
     * The names of an output domain.
     *
     * @param domain the domain
     * @return names in the order of ids, a row of a new head each
     */
    List<String> names(ImmutableOutputInfo<T> domain);

    /**
     * Measures how outputs are to be standardized.
     *
     * @param domain the domain
     * @param data the training data
     * @return the scale by name; empty where outputs are not numbers
     */
    Map<String, OutputScale> scales(ImmutableOutputInfo<T> domain, Dataset<T> data);

    /**
     * Fixes which row of a head is whose.
     *
     * @param domain the domain
     * @param rows the name for each row of the head; the same names as {@link #names}, in any order
     * @param scales from {@link #scales}
     * @return the binding
     * @throws IllegalArgumentException if rows and domain differ; the message shows both
     */
    OutputBinding<T> bind(ImmutableOutputInfo<T> domain, List<String> rows, Map<String, OutputScale> scales);

    /**
     * The version of the message of {@link #protoSettings}.
     *
     * @return 0 or more, and more after each change that an earlier release cannot read
     */
    int protoVersion();

    /**
     * What the converter is made of, as a saved model keeps it.
     *
     * @return a message of the converter's own; {@code Any.getDefaultInstance()} if there is nothing to keep
     */
    Any protoSettings();

    /**
     * The converter as a saved model keeps it: version, class and settings.
     *
     * @return a message that Tribuo's {@code ProtoUtil.deserialize} reads
     */
    @Override
    default Message serialize() {
        return OutputProtos.of(this);
    }
}

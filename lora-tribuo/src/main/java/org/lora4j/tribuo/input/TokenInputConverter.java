/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.input;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.oracle.labs.mlrg.olcut.config.Config;
import com.oracle.labs.mlrg.olcut.config.PropertyException;
import com.oracle.labs.mlrg.olcut.provenance.ConfiguredObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.impl.ConfiguredObjectProvenanceImpl;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.lora4j.error.Problems;
import org.lora4j.tribuo.protos.TokenInputConverterProto;
import org.tribuo.ImmutableFeatureMap;

/**
 * Sequences of token ids: the feature {@code prefix + position} has the value {@code id + 1}.
 *
 * <p>A Tribuo example is an unordered bag of names with values, so the position is in the name ({@link #featureName}) and the
 * id in the value. One is added because an id may be 0, and Tribuo drops zeros in some places. Examples have their tokens at
 * positions 0 to n - 1 without a gap. A batch is as long as its longest example, and the mask
 * hides the rest; for a network without a mask it is as long as {@code maxLength}, the rest having the id 0.
 *
 * <p>Do not scale, bin or filter such features: values that are no ids are refused.
 *
 * @apiNote Status: experimental
 */
public final class TokenInputConverter implements InputConverter {

    /** Version of the proto. */
    public static final int CURRENT_VERSION = 0;

    /** What the names of features begin with unless said otherwise. */
    public static final String DEFAULT_PREFIX = "token-";

    private static final String WHERE = "TokenInputConverter";

    @Config(description = "What the names of features begin with.")
    private String prefix = DEFAULT_PREFIX;

    @Config(mandatory = true, description = "The most tokens of an example.")
    private int maxLength;

    /** For olcut. */
    private TokenInputConverter() {}

    /**
     * Makes a converter with the usual names.
     *
     * @param maxLength maximum number of tokens of an example, 1 or more
     * @throws IllegalArgumentException if {@code maxLength} is below 1
     */
    public TokenInputConverter(int maxLength) {
        this(DEFAULT_PREFIX, maxLength);
    }

    /**
     * Makes a converter.
     *
     * @param prefix what the names of features begin with
     * @param maxLength maximum number of tokens of an example, 1 to 100000
     * @throws IllegalArgumentException if {@code maxLength} is outside of its range
     */
    public TokenInputConverter(String prefix, int maxLength) {
        this.prefix = prefix;
        this.maxLength = maxLength;
        if (!isValid()) {
            throw new IllegalArgumentException(WHERE + ": " + problem());
        }
    }

    /**
     * The name of the feature for a position.
     *
     * @param prefix what the names of features begin with
     * @param position 0 or more
     * @return the prefix and the position in five digits or more, so that names sort as positions do
     */
    public static String featureName(String prefix, int position) {
        return prefix + String.format(Locale.ROOT, "%05d", position);
    }

    /**
     * Checks what was configured.
     *
     * @throws PropertyException if the length is outside of its range
     */
    @Override
    public void postConfig() {
        if (!isValid()) {
            throw new PropertyException("", "maxLength", problem());
        }
    }

    private boolean isValid() {
        return maxLength >= 1 && maxLength <= 100_000;
    }

    private String problem() {
        return "maxLength = " + maxLength + "; expected 1 to 100000.";
    }

    /**
     * Reads a converter, as Tribuo asks for it.
     *
     * @param version version of the proto
     * @param className this class
     * @param message a {@link TokenInputConverterProto}
     * @return the converter
     * @throws InvalidProtocolBufferException if the message is of another kind or damaged
     * @throws IllegalArgumentException if it was written by a newer release
     */
    public static TokenInputConverter deserializeFromProto(int version, String className, Any message)
            throws InvalidProtocolBufferException {
        return InputProtos.read(WHERE, version, CURRENT_VERSION, () -> {
            TokenInputConverterProto own = message.unpack(TokenInputConverterProto.class);
            return new TokenInputConverter(own.getPrefix(), own.getMaxLength());
        });
    }

    @Override
    public int protoVersion() {
        return CURRENT_VERSION;
    }

    @Override
    public Any protoSettings() {
        TokenInputConverterProto own = TokenInputConverterProto.newBuilder()
                .setPrefix(prefix)
                .setMaxLength(maxLength)
                .build();
        return Any.pack(own);
    }

    @Override
    public Collection<String> featureNames(ImmutableFeatureMap domain) {
        return names();
    }

    private List<String> names() {
        return IntStream.range(0, maxLength)
                .mapToObj(position -> featureName(prefix, position))
                .toList();
    }

    @Override
    public InputBinding bind(ImmutableFeatureMap domain, List<InputSpec> inputs) {
        InputSpec ids = only(inputs, InputSpec.Kind.TOKEN_IDS, 1);
        only(inputs, InputSpec.Kind.VALUES, 0);
        InputSpec mask = only(inputs, InputSpec.Kind.TOKEN_MASK, inputs.size() > 1 ? 1 : 0);
        long longest = ids.shape().get(1);
        if (longest >= 0 && maxLength > longest) {
            throw new IllegalArgumentException(WHERE + ": maxLength = " + maxLength + " for the network's input " + ids
                    + "; expected at most " + longest + ". Cut the texts shorter.");
        }
        FeatureSlots slots = FeatureSlots.byName(WHERE, domain, names());
        return new TokenBinding(slots, ids.name(), mask == null ? null : mask.name(), maxLength, ids.limit());
    }

    private static InputSpec only(List<InputSpec> inputs, InputSpec.Kind kind, int expected) {
        List<InputSpec> found =
                inputs.stream().filter(input -> input.kind() == kind).toList();
        if (found.size() != expected) {
            throw new IllegalArgumentException(WHERE + ": the network has the inputs " + Problems.quoted(inputs)
                    + "; expected one for token ids and, beside it, at most one for their mask."
                    + " Choose the converter for what the network eats.");
        }
        return found.isEmpty() ? null : found.get(0);
    }

    @Override
    public ConfiguredObjectProvenance getProvenance() {
        return new ConfiguredObjectProvenanceImpl(this, "InputConverter");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TokenInputConverter that && maxLength == that.maxLength && prefix.equals(that.prefix);
    }

    @Override
    public int hashCode() {
        return prefix.hashCode() * 31 + maxLength;
    }

    @Override
    public String toString() {
        return WHERE + "(prefix=\"" + prefix + "\", maxLength=" + maxLength + ")";
    }
}

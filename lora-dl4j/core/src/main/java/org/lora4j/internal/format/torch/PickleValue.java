/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.torch;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.format.DType;

/**
 * What a pickle builds, as far as tensors need it.
 *
 * <p>Values may contain each other, and themselves: a hostile pickle makes a tree of exponential size in a few bytes. So
 * nothing here is hashed, compared, printed or walked as a whole.
 */
sealed interface PickleValue {

    /** What messages call it. */
    String kind();

    /** A string. */
    record Text(String text) implements PickleValue {
        @Override
        public String kind() {
            return "a string";
        }
    }

    /** An integer that fits a long. */
    record Whole(long number) implements PickleValue {
        @Override
        public String kind() {
            return "an integer";
        }
    }

    /** A name on the list of those that a pickle may mention. */
    record Global(String name) implements PickleValue {
        @Override
        public String kind() {
            return name;
        }
    }

    /** A list or a tuple. */
    record Items(boolean tuple, List<PickleValue> values) implements PickleValue {
        @Override
        public String kind() {
            return tuple ? "a tuple" : "a list";
        }
    }

    /** A dictionary: keys and values side by side, for keys are not hashed. */
    record Dictionary(List<PickleValue> keys, List<PickleValue> values) implements PickleValue {

        Dictionary() {
            this(new ArrayList<>(0), new ArrayList<>(0));
        }

        void put(PickleValue key, PickleValue value) {
            keys.add(key);
            values.add(value);
        }

        @Override
        public String kind() {
            return "a dictionary";
        }
    }

    /** The elements that tensors are views of: the entry {@code data/<key>} of the file. */
    record Storage(DType dtype, String key, long elements) implements PickleValue {
        @Override
        public String kind() {
            return "a storage";
        }
    }

    /** A view of a storage; offset and strides count elements. */
    record Tensor(Storage storage, DType dtype, long offset, long[] shape, long[] strides) implements PickleValue {
        @Override
        public String kind() {
            return "a tensor";
        }
    }

    /** What tensors do not need to know more of. */
    enum Other implements PickleValue {
        /** Python's None. */
        NONE("None"),
        /** True or False. */
        TRUTH("a truth value"),
        /** A floating-point number. */
        REAL("a floating-point number"),
        /** An integer beyond a long. */
        HUGE("a huge integer"),
        /** Bytes. */
        BYTES("bytes"),
        /** A set. */
        SET("a set"),
        /** A harmless object, such as a torch.device. */
        OBJECT("an object");

        private final String kind;

        Other(String kind) {
            this.kind = kind;
        }

        @Override
        public String kind() {
            return kind;
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.Serializable;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.DoublePredicate;
import java.util.function.Predicate;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.param.StringArrayParam;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import scala.runtime.AbstractFunction1;

/**
 * A param as it is declared: once, for all stages that have it.
 *
 * @param name what it is called
 * @param doc what it does, for {@code explainParams}
 * @param initial its default; null for none
 * @param maker makes the param of a stage
 */
record ParamRow(String name, String doc, Object initial, BiFunction<Params, ParamRow, Param<?>> maker) {

    /** A text; an empty one leaves out what it names. */
    static ParamRow text(String name, String doc, String initial) {
        return text(name, doc, initial, "any text", value -> true);
    }

    /** A text that is needed. */
    static ParamRow named(String name, String doc, String initial) {
        return text(name, doc, initial, "a name", value -> !((String) value).isBlank());
    }

    /** One of some texts. */
    static ParamRow choice(String name, String doc, String initial, List<String> options) {
        String expected = "one of " + Problems.quoted(options);
        return text(name, doc + "; " + String.join(", ", options), initial, expected, options::contains);
    }

    private static ParamRow text(String name, String doc, String initial, String expected, Test test) {
        return new ParamRow(
                name,
                doc,
                initial,
                (stage, row) -> new Param<>(
                        stage.uid(), name, doc, new Check<String>(stage, name, expected, test), String.class));
    }

    /** Texts. */
    static ParamRow texts(String name, String doc, String... initial) {
        return new ParamRow(name, doc, initial, (stage, row) -> new StringArrayParam(stage, name, doc));
    }

    /** A count. */
    static ParamRow count(String name, String doc, Integer initial, int least) {
        return new ParamRow(
                name,
                doc,
                initial,
                (stage, row) -> new IntParam(
                        stage.uid(),
                        name,
                        doc,
                        new Check<>(stage, name, least + " or more", value -> (int) value >= least)));
    }

    /** A number that is no count. */
    static ParamRow number(String name, String doc, Double initial, String expected, NumberTest test) {
        return new ParamRow(
                name,
                doc,
                initial,
                (stage, row) -> new DoubleParam(
                        stage.uid(),
                        name,
                        doc,
                        new Check<>(stage, name, expected, value -> test.test((double) value))));
    }

    /** A seed. */
    static ParamRow seed(String name, String doc, long initial) {
        return new ParamRow(name, doc, initial, (stage, row) -> new LongParam(stage.uid(), name, doc));
    }

    /** Yes or no. */
    static ParamRow flag(String name, String doc, boolean initial) {
        return new ParamRow(name, doc, initial, (stage, row) -> new BooleanParam(stage.uid(), name, doc));
    }

    /** Which values there are; it travels with its param. */
    @FunctionalInterface
    interface Test extends Predicate<Object>, Serializable {}

    /** The same of numbers. */
    @FunctionalInterface
    interface NumberTest extends DoublePredicate, Serializable {}

    /** Refuses a value in words: Spark says only that it is invalid. */
    private static final class Check<T> extends AbstractFunction1<T, Object> implements Serializable {

        private static final long serialVersionUID = 1;

        private final String where;
        private final String expected;
        private final Test test;

        Check(Params stage, String name, String expected, Test test) {
            this.where = stage.getClass().getSimpleName() + "." + name;
            this.expected = expected;
            this.test = test;
        }

        @Override
        public Object apply(T value) {
            if (value == null || !test.test(value)) {
                throw new IllegalArgumentException(
                        where + " = " + MessageText.name(value) + "; expected " + expected + ".");
            }
            return true;
        }
    }
}

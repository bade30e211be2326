/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.lora4j.config.Initialization;
import org.lora4j.error.Problems;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorTrait;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.TokenRowsMethod;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonInclude;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * One low-rank update of one weight of a layer, as the configuration of the layer holds it.
 *
 * @param index number of the adapter in this network, 0 or more; part of the names of its parameters
 * @param weight name of the weight in the layer, for instance {@code W}
 * @param rank rank of the update, 1 or more
 * @param scaling factor on the update
 * @param dropout probability that a value of the input is dropped on the way to A, in [0, 1); DL4J's own dropout counts
 *     the values kept
 * @param learns whether the factors are trained
 * @param bias whether B has a bias
 * @param initialization start values, where the network initializes itself
 * @param seed source of start values and of dropout
 * @param method how the factors act: the name of a method of adaptation, {@link org.lora4j.method.MethodTraits#id}
 * @param rows rows of a table that are replaced, if that is the method; {@code rank} is their number then
 * @apiNote Status: experimental
 */
public record LoraSlot(
        int index,
        String weight,
        int rank,
        double scaling,
        double dropout,
        boolean learns,
        boolean bias,
        Initialization initialization,
        long seed,
        String method,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) List<Integer> rows)
        implements Serializable {

    private static final String LORA = "LORA";

    /**
     * Checks the values.
     *
     * @param index number of the adapter
     * @param weight name of the weight
     * @param rank rank of the update
     * @param scaling factor on the update
     * @param dropout probability of dropping
     * @param learns whether the factors are trained
     * @param bias whether B has a bias
     * @param initialization start values
     * @param seed source of randomness
     * @param method how the factors act; null, as in configurations that were written before there were others, for LoRA
     * @param rows rows of a table that are replaced; null for none
     * @throws IllegalArgumentException if a value is out of its range; the message lists all of them
     */
    @JsonCreator
    public LoraSlot(
            @JsonProperty("index") int index,
            @JsonProperty("weight") String weight,
            @JsonProperty("rank") int rank,
            @JsonProperty("scaling") double scaling,
            @JsonProperty("dropout") double dropout,
            @JsonProperty("learns") boolean learns,
            @JsonProperty("bias") boolean bias,
            @JsonProperty("initialization") Initialization initialization,
            @JsonProperty("seed") long seed,
            @JsonProperty("method") String method,
            @JsonProperty("rows") List<Integer> rows) {
        this.method = Objects.requireNonNullElse(method, LORA);
        this.rows = rows == null ? List.of() : List.copyOf(rows);
        Problems problems = new Problems();
        problems.atLeast("index", index, 0);
        problems.atLeast("rank", rank, 1);
        problems.check(Double.isFinite(scaling), "scaling = " + scaling + ", expected a finite number");
        problems.fraction("dropout", dropout);
        problems.check(weight != null && !weight.isEmpty(), "weight = \"" + weight + "\", expected a parameter's name");
        problems.check(initialization != null, "initialization = null, expected a start value");
        problems.check(
                this.rows.isEmpty() != this.method.equals(TokenRowsMethod.ID)
                        && (this.rows.isEmpty() || this.rows.size() == rank)
                        && this.rows.stream().distinct().count() == this.rows.size()
                        && this.rows.stream().noneMatch(row -> row < 0),
                "rows = " + this.rows + " with method " + this.method + " and rank " + rank
                        + ", expected as many different rows as the rank says, none negative, with "
                        + TokenRowsMethod.ID + " and none with others");
        problems.throwIfAny("LoraSlot");
        this.index = index;
        this.weight = weight;
        this.rank = rank;
        this.scaling = scaling;
        this.dropout = dropout;
        this.learns = learns;
        this.bias = bias;
        this.initialization = initialization;
        this.seed = seed;
        arithmetic();
    }

    /**
     * A slot of low-rank factors or the like.
     *
     * @param index number of the adapter
     * @param weight name of the weight
     * @param rank rank of the update
     * @param scaling factor on the update
     * @param dropout probability of dropping
     * @param learns whether the factors are trained
     * @param bias whether B has a bias
     * @param initialization start values
     * @param seed source of randomness
     * @param method how the factors act
     * @throws IllegalArgumentException if a value is out of its range; the message lists all of them
     */
    public LoraSlot(
            int index,
            String weight,
            int rank,
            double scaling,
            double dropout,
            boolean learns,
            boolean bias,
            Initialization initialization,
            long seed,
            String method) {
        this(index, weight, rank, scaling, dropout, learns, bias, initialization, seed, method, List.of());
    }

    /**
     * A slot of plain LoRA.
     *
     * @param index number of the adapter
     * @param weight name of the weight
     * @param rank rank of the update
     * @param scaling factor on the update
     * @param dropout probability of dropping
     * @param learns whether the factors are trained
     * @param bias whether B has a bias
     * @param initialization start values
     * @param seed source of randomness
     * @throws IllegalArgumentException if a value is out of its range; the message lists all of them
     */
    public LoraSlot(
            int index,
            String weight,
            int rank,
            double scaling,
            double dropout,
            boolean learns,
            boolean bias,
            Initialization initialization,
            long seed) {
        this(index, weight, rank, scaling, dropout, learns, bias, initialization, seed, LORA);
    }

    /**
     * The same update of another weight.
     *
     * @param otherWeight name of that weight
     * @return the slot
     */
    public LoraSlot of(String otherWeight) {
        return new LoraSlot(
                index, otherWeight, rank, scaling, dropout, learns, bias, initialization, seed, method, rows);
    }

    /**
     * Whether the update is a product of two thin factors, which is never multiplied out for the sake of a few rows.
     *
     * @return true for LoRA, whichever of its factors learn
     */
    public boolean thin() {
        return arithmetic() instanceof LoraMethod;
    }

    /**
     * Whether the factor is rows that take the place of those of a table.
     *
     * @return true if so
     */
    public boolean replacesRows() {
        return !rows.isEmpty();
    }

    /**
     * What the factors are, in PEFT's layouts.
     *
     * @return the method
     */
    public AdapterMethod arithmetic() {
        return replacesRows() ? new TokenRowsMethod(rows) : AdapterMethods.named(method, bias);
    }

    /**
     * Whether values of the input are dropped on the way to A.
     *
     * @param training whether this is a step of training
     * @return whether there is dropout then
     */
    public boolean drops(boolean training) {
        return training && learns && dropout > 0;
    }

    /**
     * Name of A among the parameters of the layer. DL4J splits names at underscores, so there is none.
     *
     * @return the name
     */
    public String a() {
        return weight + "A" + index;
    }

    /**
     * Name of B.
     *
     * @return the name
     */
    public String b() {
        return weight + "B" + index;
    }

    /**
     * Name of the bias of B.
     *
     * @return the name
     */
    public String c() {
        return weight + "C" + index;
    }

    /**
     * The names of all parameters of this slot.
     *
     * @return names in the order of the parameter view
     */
    public List<String> names() {
        return arithmetic().traits().shortNames().stream()
                .map(name -> weight + name + index)
                .toList();
    }

    /**
     * Whether a parameter of this slot is trained without weight decay.
     *
     * @param name name of a parameter
     * @return true for biases and magnitudes
     */
    public boolean isBiasOrGain(String name) {
        return suffix(name)
                .filter(factor -> is(factor, FactorTrait.BIAS_OR_GAIN))
                .isPresent();
    }

    /**
     * Whether a parameter of this slot is trained when the slot is.
     *
     * @param name name of a parameter
     * @return false for what the method drew once and for all
     */
    public boolean isTrained(String name) {
        return suffix(name).filter(factor -> !is(factor, FactorTrait.FIXED)).isPresent();
    }

    private boolean is(String factor, FactorTrait trait) {
        return arithmetic().traits().is(factor, trait);
    }

    /** Names are asked for before sizes are known. */
    private Optional<String> suffix(String name) {
        int at = names().indexOf(name);
        return at < 0
                ? Optional.empty()
                : Optional.of(arithmetic().traits().suffixes().get(at));
    }
}

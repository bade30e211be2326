/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.torch;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.MessageText;

/**
 * Runs a pickle of protocol 2 to 5 that builds data, and refuses one that asks for more.
 *
 * <p>There is no recursion, nothing is looked up by a name from the file, and what is built is charged against a budget
 * that grows with the length of the pickle: one instruction of one byte makes an object of sixty.
 */
final class PickleMachine {

    private static final int LEAST_PROTOCOL = 2;
    private static final int MOST_PROTOCOL = 5;

    /** Bytes of heap that a pickle may fill, and for each of its own bytes. State dictionaries need about 5. */
    private static final int FREE = 1 << 16;

    private static final int FOR_EACH_BYTE = 16;

    private static final int OBJECT = 32;
    private static final int CONTAINER = 64;
    private static final int REFERENCE = 8;

    private static final int PROTO = 0x80;

    private final PickleInput input;
    private final List<PickleValue> stack = new ArrayList<>();
    private final List<Integer> marks = new ArrayList<>();
    private final Map<Long, PickleValue> memo = new HashMap<>();
    private final long budget;
    private long spent;
    private boolean stopped;

    private PickleMachine(PickleInput input) {
        this.input = input;
        this.budget = FREE + (long) FOR_EACH_BYTE * input.length();
    }

    /**
     * The value that a pickle builds.
     *
     * @param where what messages call the pickle
     */
    static PickleValue run(String where, byte[] pickle) throws AdapterFormatException {
        PickleMachine machine = new PickleMachine(new PickleInput(where, pickle));
        machine.run();
        return machine.result();
    }

    private void run() throws AdapterFormatException {
        if (input.opcode() != PROTO) {
            throw input.corrupt("the pickle does not begin with its protocol, expected one of protocol "
                    + LEAST_PROTOCOL + " to " + MOST_PROTOCOL);
        }
        PickleOpcodes.of(PROTO).run(this);
        while (!stopped) {
            int code = input.opcode();
            PickleOpcodes.Instruction instruction = PickleOpcodes.of(code);
            if (instruction == null) {
                throw input.corrupt("0x" + Integer.toHexString(code) + " is no instruction of a pickle of protocol "
                        + LEAST_PROTOCOL + " to " + MOST_PROTOCOL);
            }
            instruction.run(this);
        }
    }

    private PickleValue result() throws CorruptAdapterException {
        PickleValue result = pop();
        if (!stack.isEmpty() || !marks.isEmpty() || !input.isAtEnd()) {
            throw input.corrupt("the pickle ends with " + stack.size()
                    + " values too many or before its last byte, expected one value at the end");
        }
        return result;
    }

    PickleInput input() {
        return input;
    }

    void protocol() throws AdapterFormatException {
        int protocol = input.unsignedByte();
        if (protocol < LEAST_PROTOCOL || protocol > MOST_PROTOCOL) {
            throw input.corrupt(
                    "the pickle is of protocol " + protocol + ", expected " + LEAST_PROTOCOL + " to " + MOST_PROTOCOL);
        }
    }

    void stop() {
        stopped = true;
    }

    private void charge(long bytes) throws CorruptAdapterException {
        spent += bytes;
        if (spent > budget) {
            throw input.corrupt("the pickle builds more than its " + input.length()
                    + " bytes account for, expected at most " + FOR_EACH_BYTE + " bytes of memory for each");
        }
    }

    void push(PickleValue value) {
        stack.add(value);
    }

    void pushText(long length) throws CorruptAdapterException {
        String text = input.text(length);
        charge(OBJECT + CONTAINER + 2L * text.length());
        push(new PickleValue.Text(text));
    }

    void pushWhole(Long number) throws CorruptAdapterException {
        charge(OBJECT);
        push(number == null ? PickleValue.Other.HUGE : new PickleValue.Whole(number));
    }

    void pushSkipped(long length, PickleValue value) throws CorruptAdapterException {
        input.skip(length);
        push(value);
    }

    void pushItems(boolean tuple, List<PickleValue> values) throws CorruptAdapterException {
        charge(CONTAINER + (long) REFERENCE * values.size());
        push(new PickleValue.Items(tuple, values));
    }

    void pushDictionary() throws CorruptAdapterException {
        charge(2 * CONTAINER);
        push(new PickleValue.Dictionary());
    }

    void pushGlobal(String name) throws AdapterFormatException {
        if (!TorchGlobals.isKnown(name)) {
            refuse("to call " + name);
        }
        charge(OBJECT);
        push(new PickleValue.Global(name));
    }

    /** Ends the run: the pickle asks for what data does not need. */
    void refuse(String what) throws AdapterFormatException {
        throw input.refused("the pickle asks " + MessageText.value(what));
    }

    void mark() {
        marks.add(stack.size());
    }

    PickleValue pop() throws CorruptAdapterException {
        PickleValue top = top();
        stack.remove(stack.size() - 1);
        return top;
    }

    PickleValue top() throws CorruptAdapterException {
        int bottom = marks.isEmpty() ? 0 : marks.get(marks.size() - 1);
        if (stack.size() <= bottom) {
            throw input.corrupt("the pickle takes a value where it has left none");
        }
        return stack.get(stack.size() - 1);
    }

    /** All values above the last mark, which goes too. */
    List<PickleValue> popToMark() throws CorruptAdapterException {
        if (marks.isEmpty()) {
            throw input.corrupt("the pickle returns to a mark that it has not set");
        }
        return popFrom(marks.remove(marks.size() - 1));
    }

    List<PickleValue> noItems() {
        return new ArrayList<>(0);
    }

    void dropToMark(PickleValue instead) throws CorruptAdapterException {
        popToMark();
        push(instead);
    }

    List<PickleValue> popLast(int count) throws CorruptAdapterException {
        int bottom = marks.isEmpty() ? 0 : marks.get(marks.size() - 1);
        if (stack.size() - count < bottom) {
            throw input.corrupt("the pickle takes " + count + " values where it has left fewer");
        }
        return popFrom(stack.size() - count);
    }

    private List<PickleValue> popFrom(int start) {
        List<PickleValue> above = stack.subList(start, stack.size());
        List<PickleValue> values = new ArrayList<>(above);
        above.clear();
        return values;
    }

    void memorize(long index) throws CorruptAdapterException {
        charge(CONTAINER);
        memo.put(index, top());
    }

    void memorizeNext() throws CorruptAdapterException {
        memorize(memo.size());
    }

    void recall(long index) throws CorruptAdapterException {
        PickleValue value = memo.get(index);
        if (value == null) {
            throw input.corrupt("the pickle recalls value " + index + ", which it has not kept");
        }
        push(value);
    }

    void append(List<PickleValue> values) throws CorruptAdapterException {
        if (top() instanceof PickleValue.Items list && !list.tuple()) {
            charge((long) REFERENCE * values.size());
            list.values().addAll(values);
        } else if (top() != PickleValue.Other.SET) {
            throw input.corrupt("the pickle adds items to " + top().kind());
        }
    }

    void setItems(List<PickleValue> pairs) throws CorruptAdapterException {
        if (!(top() instanceof PickleValue.Dictionary dictionary) || pairs.size() % 2 != 0) {
            throw input.corrupt("the pickle sets " + pairs.size() + " keys and values in " + top().kind());
        }
        charge((long) REFERENCE * pairs.size());
        for (int i = 0; i < pairs.size(); i += 2) {
            dictionary.put(pairs.get(i), pairs.get(i + 1));
        }
    }

    void stackGlobal() throws AdapterFormatException {
        List<PickleValue> names = popLast(2);
        if (!(names.get(0) instanceof PickleValue.Text module) || !(names.get(1) instanceof PickleValue.Text name)) {
            throw input.corrupt(
                    "a name is " + names.get(0).kind() + " and " + names.get(1).kind() + ", expected two strings");
        }
        pushGlobal(module.text() + "." + name.text());
    }

    void call() throws AdapterFormatException {
        PickleValue arguments = pop();
        PickleValue callable = pop();
        if (!(arguments instanceof PickleValue.Items items) || !items.tuple()) {
            throw input.corrupt("the arguments of a call are " + arguments.kind() + ", expected a tuple");
        }
        charge(3L * CONTAINER);
        push(TorchGlobals.call(callable, items.values(), input));
    }

    /** State of an OrderedDict: PyTorch keeps the versions of modules there, which tensors do not need. */
    void build() throws AdapterFormatException {
        pop();
        if (!(top() instanceof PickleValue.Dictionary)) {
            throw input.refused("the pickle asks to set the state of " + top().kind());
        }
    }

    void pushStorage() throws CorruptAdapterException {
        charge(CONTAINER);
        push(TorchGlobals.storage(pop(), input));
    }
}

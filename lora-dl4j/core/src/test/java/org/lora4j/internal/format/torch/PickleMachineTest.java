/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CorruptAdapterException;

class PickleMachineTest {

    private static Arguments of(String expected, Pickled pickle) {
        return Arguments.of(expected, pickle.end());
    }

    static List<Arguments> demands() {
        Pickled argument = new Pickled().op('}').op(')');
        return List.of(
                of(
                        "asks to call os.system",
                        new Pickled().global("os", "system").text("x").op(0x85, 'R')),
                of(
                        "asks to call builtins.eval",
                        new Pickled().text("builtins").text("eval").op(0x93)),
                of("asks to call os.system", new Pickled().ops("(ios\nsystem\n")),
                of(
                        "asks to make an object (OBJ)",
                        new Pickled().ops("(").global("torch", "Size").op('o')),
                of(
                        "asks to make an object (NEWOBJ)",
                        new Pickled().global("torch", "Size").op(')', 0x81)),
                of(
                        "asks to make an object (NEWOBJ_EX)",
                        new Pickled().global("torch", "Size").op(')', '}', 0x92)),
                of("asks for a class from a registry (EXT1)", new Pickled().op(0x82, 1)),
                of("asks for a class from a registry (EXT2)", new Pickled().op(0x83, 1, 0)),
                of(
                        "asks for a class from a registry (EXT4)",
                        new Pickled().op(0x84).int32(1)),
                of("asks for a buffer from outside", new Pickled().op(0x97)),
                of("asks for instruction 'P'", new Pickled().ops("Pid\n")),
                of("asks for instruction 'S'", new Pickled().ops("S'x'\n")),
                of(
                        "asks to call torch.storage._load_from_bytes",
                        new Pickled().global("torch.storage", "_load_from_bytes")),
                of(
                        "asks to call torch.FloatStorage",
                        new Pickled().global("torch", "FloatStorage").op(')', 'R')),
                of("asks to call a dictionary", new Pickled().op('}', ')', 'R')),
                of("asks to set the state of a tuple", argument.op('}', 'b')),
                of(
                        "asks to call a\\nforged line.x",
                        new Pickled().text("a\nforged line").text("x").op(0x93)),
                of(
                        "has metadata",
                        new Pickled()
                                .global("torch._utils", "_rebuild_tensor_v2")
                                .op('(')
                                .storage("FloatStorage", "0", 1)
                                .whole(0)
                                .op(')', ')', 0x89, 'N', '}')
                                .text("conj")
                                .op(0x88, 's', 't', 'R')));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("demands")
    void run_aPickleThatWantsMoreThanData_isRefusedByName(String expected, byte[] pickle) {
        assertThatThrownBy(() -> PickleMachine.run("f", pickle))
                .isExactlyInstanceOf(AdapterFormatException.class)
                .hasMessageStartingWith("f, byte ")
                .hasMessageContaining(expected)
                .hasMessageContaining("refused, nothing was executed");
    }

    static List<Arguments> damages() {
        Pickled tensor = new Pickled().global("torch._utils", "_rebuild_tensor_v2");
        return List.of(
                of("takes a value where it has left none", new Pickled()),
                of("takes a value where it has left none", new Pickled().op('N', '(', '0')),
                of("takes 2 values where it has left fewer", new Pickled().op('N', 0x86)),
                of("takes 2 values where it has left fewer", new Pickled().op('N', '(', 'N', 's')),
                of("ends with 1 values too many", new Pickled().op('N', 'N')),
                of("before its last byte", new Pickled().op('N', '.', 'N')),
                of("mark that it has not set", new Pickled().op('N', 't')),
                of("recalls value 7", new Pickled().op('h', 7)),
                of("0xff is no instruction", new Pickled().op(0xFF)),
                of(
                        "needs 4294967295 more bytes, expected at most the 1",
                        new Pickled().op('X').int32(-1)),
                of(
                        "needs 18446744073709551615 more bytes",
                        new Pickled().op(0x8d).int64(-1)),
                of(
                        "needs 9223372036854775807 more bytes",
                        new Pickled().op(0x8e).int64(Long.MAX_VALUE)),
                of("more bytes", new Pickled().op(0x8b).int32(-5)),
                of("more bytes", new Pickled().op(0x95).int64(99)),
                of("a string is not UTF-8", new Pickled().op('X').int32(1).op(0xC3)),
                of("a name does not end within 256 bytes", new Pickled().ops("c" + "x".repeat(300))),
                of("a name does not end", new Pickled().ops("cos")),
                of("a name is a string and None", new Pickled().text("os").op('N', 0x93)),
                of("adds items to a dictionary", new Pickled().op('}', 'N', 'a')),
                of("adds items to a tuple", new Pickled().op(')', 'N', 'a')),
                of("sets 1 keys and values in a dictionary", new Pickled().op('}', '(', 'N', 'u')),
                of("sets 2 keys and values in a list", new Pickled().op(']', '(', 'N', 'N', 'u')),
                of(
                        "arguments of a call are a list",
                        new Pickled().global("torch", "Size").op(']', 'R')),
                of(
                        "OrderedDict has 1 arguments",
                        new Pickled().global("collections", "OrderedDict").op('N', 0x85, 'R')),
                of("a persistent id is not that of a storage", new Pickled().op('N', 'Q')),
                of(
                        "a persistent id is not",
                        new Pickled().op('(').text("module").op('N', 'N', 'N', 'N', 't', 'Q')),
                of("a tensor is not of 6 to 7 arguments", tensor.op(')', 'R')),
                of(
                        "a parameter is not of a tensor",
                        new Pickled()
                                .global("torch._utils", "_rebuild_parameter")
                                .op(')', 'R')));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("damages")
    void run_aDamagedPickle_saysWhere(String expected, byte[] pickle) {
        assertThatThrownBy(() -> PickleMachine.run("f", pickle))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageStartingWith("f, byte ")
                .hasMessageContaining(expected);
    }

    @Test
    void run_anotherProtocol_isRefused() {
        byte[] pickle = new Pickled().op('N').end();
        for (int protocol : new int[] {0, 1, 6, 255}) {
            pickle[1] = (byte) protocol;
            assertThatThrownBy(() -> PickleMachine.run("f", pickle)).hasMessageContaining("of protocol " + protocol);
        }
        assertThatThrownBy(() -> PickleMachine.run("f", new byte[] {'N', '.'}))
                .hasMessageContaining("does not begin with its protocol");
        assertThatThrownBy(() -> PickleMachine.run("f", new byte[0])).isInstanceOf(CorruptAdapterException.class);
    }

    @Test
    void run_aPickleCutAnywhere_isCorrupt() {
        byte[] whole = new Pickled()
                .op('}')
                .text("w")
                .tensor("0", 6, 0, new long[] {2, 3}, new long[] {3, 1})
                .op('s')
                .end();
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);

            assertThatThrownBy(() -> PickleMachine.run("f", cut)).isInstanceOf(CorruptAdapterException.class);
        }
    }

    @Test
    void run_integersOfAnyLength_areReadInTwosComplement() throws AdapterFormatException {
        PickleValue.Items values = (PickleValue.Items) PickleMachine.run(
                "f",
                new Pickled()
                        .op('(')
                        .op(0x8a, 0)
                        .op(0x8a, 1, 0xFF)
                        .op(0x8a, 2, 0, 0x80)
                        .op(0x8a, 5, 0, 0, 0, 0, 1)
                        .op('J')
                        .int32(-3)
                        .op(0x8b)
                        .int32(1)
                        .op(0x7F)
                        .op('t')
                        .end());

        assertThat(values.values())
                .containsExactly(
                        new PickleValue.Whole(0),
                        new PickleValue.Whole(-1),
                        new PickleValue.Whole(-32768),
                        new PickleValue.Whole(1L << 32),
                        new PickleValue.Whole(-3),
                        new PickleValue.Whole(127));
    }

    static List<Arguments> floods() {
        return List.of(
                Arguments.of("dictionaries", "}"),
                Arguments.of("lists", "]"),
                Arguments.of("tuples of one", "\u0085"),
                Arguments.of("memos", "q\1"),
                Arguments.of("new memos", "\u0094"),
                Arguments.of("copies", "2"),
                Arguments.of("marks", "("),
                Arguments.of("integers", "K\1"),
                Arguments.of("strings", "\u008c\1x"),
                Arguments.of("sets", "\u008f"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("floods")
    void run_anInstructionRepeatedAMillionTimes_takesMemoryInProportion(String what, String instruction) {
        byte[] pickle = new Pickled().op('N').ops(instruction.repeat(1_000_000)).end();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();

        assertThatThrownBy(() -> PickleMachine.run("f", pickle)).isInstanceOf(CorruptAdapterException.class);

        // What is allocated, garbage included: growing lists copy what they hold.
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(64L * pickle.length);
    }

    @Test
    void run_listsThatContainThoseBeforeTwice_areNeverWalked() throws AdapterFormatException {
        Pickled pickle = new Pickled().op('(', ']', 'q', 0);
        for (int i = 1; i <= 100; i++) {
            pickle.op(']', 'q', i, 'h', i - 1, 'a', 'h', i - 1, 'a');
        }

        PickleValue.Items all =
                (PickleValue.Items) PickleMachine.run("f", pickle.op('t').end());

        assertThat(all.values().size()).isEqualTo(101);
    }
}

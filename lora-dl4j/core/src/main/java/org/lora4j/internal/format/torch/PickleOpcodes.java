/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.torch;

import java.util.List;
import org.lora4j.error.AdapterFormatException;

/**
 * The instructions of pickles, by their byte: those that build data, and those that are known and refused. Names are those
 * of Python's {@code pickletools}.
 */
final class PickleOpcodes {

    /** What an instruction does to the machine. */
    @FunctionalInterface
    interface Instruction {
        void run(PickleMachine machine) throws AdapterFormatException;
    }

    private static final Instruction[] TABLE = new Instruction[256];

    static {
        define(0x80, PickleMachine::protocol); // PROTO
        define('.', PickleMachine::stop); // STOP
        define(0x95, m -> m.input().require(m.input().signedLong())); // FRAME

        define('N', m -> m.push(PickleValue.Other.NONE)); // NONE
        define(0x88, m -> m.push(PickleValue.Other.TRUTH)); // NEWTRUE
        define(0x89, m -> m.push(PickleValue.Other.TRUTH)); // NEWFALSE
        define('K', m -> m.pushWhole((long) m.input().unsignedByte())); // BININT1
        define('M', m -> m.pushWhole((long) m.input().unsignedShort())); // BININT2
        define('J', m -> m.pushWhole((long) m.input().signedInt())); // BININT
        define(0x8a, m -> m.pushWhole(m.input().integer(m.input().unsignedByte()))); // LONG1
        define(0x8b, m -> m.pushWhole(m.input().integer(m.input().signedInt()))); // LONG4
        define('G', m -> m.pushSkipped(Double.BYTES, PickleValue.Other.REAL)); // BINFLOAT
        define('X', m -> m.pushText(m.input().unsignedInt())); // BINUNICODE
        define(0x8c, m -> m.pushText(m.input().unsignedByte())); // SHORT_BINUNICODE
        define(0x8d, m -> m.pushText(m.input().signedLong())); // BINUNICODE8
        define('C', m -> m.pushSkipped(m.input().unsignedByte(), PickleValue.Other.BYTES)); // SHORT_BINBYTES
        define('B', m -> m.pushSkipped(m.input().unsignedInt(), PickleValue.Other.BYTES)); // BINBYTES
        define(0x8e, m -> m.pushSkipped(m.input().signedLong(), PickleValue.Other.BYTES)); // BINBYTES8
        define(0x96, m -> m.pushSkipped(m.input().signedLong(), PickleValue.Other.BYTES)); // BYTEARRAY8

        define('(', PickleMachine::mark); // MARK
        define('0', PickleMachine::pop); // POP
        define('1', PickleMachine::popToMark); // POP_MARK
        define('2', m -> m.push(m.top())); // DUP
        define('q', m -> m.memorize(m.input().unsignedByte())); // BINPUT
        define('r', m -> m.memorize(m.input().unsignedInt())); // LONG_BINPUT
        define(0x94, PickleMachine::memorizeNext); // MEMOIZE
        define('h', m -> m.recall(m.input().unsignedByte())); // BINGET
        define('j', m -> m.recall(m.input().unsignedInt())); // LONG_BINGET

        define(')', m -> m.pushItems(true, List.of())); // EMPTY_TUPLE
        define(0x85, m -> m.pushItems(true, m.popLast(1))); // TUPLE1
        define(0x86, m -> m.pushItems(true, m.popLast(2))); // TUPLE2
        define(0x87, m -> m.pushItems(true, m.popLast(3))); // TUPLE3
        define('t', m -> m.pushItems(true, m.popToMark())); // TUPLE
        define(']', m -> m.pushItems(false, m.noItems())); // EMPTY_LIST
        define('l', m -> m.pushItems(false, m.popToMark())); // LIST
        define('a', m -> m.append(m.popLast(1))); // APPEND
        define('e', m -> m.append(m.popToMark())); // APPENDS
        define('}', PickleMachine::pushDictionary); // EMPTY_DICT
        define('s', m -> m.setItems(m.popLast(2))); // SETITEM
        define('u', m -> m.setItems(m.popToMark())); // SETITEMS
        define(0x8f, m -> m.push(PickleValue.Other.SET)); // EMPTY_SET
        define(0x90, m -> m.append(m.popToMark())); // ADDITEMS
        define(0x91, m -> m.dropToMark(PickleValue.Other.SET)); // FROZENSET

        define('c', m -> m.pushGlobal(m.input().line() + "." + m.input().line())); // GLOBAL
        define(0x93, PickleMachine::stackGlobal); // STACK_GLOBAL
        define('R', PickleMachine::call); // REDUCE
        define('b', PickleMachine::build); // BUILD
        define('Q', PickleMachine::pushStorage); // BINPERSID

        define(
                'i',
                m -> m.refuse("to call " + m.input().line() + "." + m.input().line())); // INST
        define('o', m -> m.refuse("to make an object (OBJ)"));
        define(0x81, m -> m.refuse("to make an object (NEWOBJ)"));
        define(0x92, m -> m.refuse("to make an object (NEWOBJ_EX)"));
        define(0x82, m -> m.refuse("for a class from a registry (EXT1)"));
        define(0x83, m -> m.refuse("for a class from a registry (EXT2)"));
        define(0x84, m -> m.refuse("for a class from a registry (EXT4)"));
        define(0x97, m -> m.refuse("for a buffer from outside (NEXT_BUFFER)"));
        define(0x98, m -> m.refuse("for a buffer from outside (READONLY_BUFFER)"));
        for (char old : "ILFSVTUgpPd".toCharArray()) {
            define(old, m -> m.refuse("for instruction '" + old + "', which protocols 2 to 5 have no use for"));
        }
    }

    private PickleOpcodes() {}

    private static void define(int code, Instruction instruction) {
        TABLE[code] = instruction;
    }

    /** The instruction of a byte, or null. */
    static Instruction of(int code) {
        return TABLE[code];
    }
}

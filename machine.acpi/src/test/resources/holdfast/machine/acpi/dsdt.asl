// Where the first table has revision 1 an interpreter's integers have 32 bits, else 64.
DefinitionBlock ("", "DSDT", @REVISION@, "HLDFST", "TESTDSDT", 1)
{
}

// The host's side of the shared page, for an interpreter without a host: \RING answers the request that stands in the page.
DefinitionBlock ("", "SSDT", 2, "HLDFST", "TESTHOST", 1)
{
    External (\_SB.NVDR, DeviceObj)
    External (\_SB.NVDR._DSM, MethodObj)
    External (\_SB.NVDR._FIT, MethodObj)
    External (\_SB.NVDR.@DEVICE@._DSM, MethodObj)
    External (\_SB.NVDR.@DEVICE@._LSI, MethodObj)
    External (\_SB.NVDR.@DEVICE@._LSR, MethodObj)
    External (\_SB.NVDR.@DEVICE@._LSW, MethodObj)

    OperationRegion (TPIO, SystemIO, 0x0A18, 4)
    Field (TPIO, DWordAcc, NoLock, Preserve) { PORT, 32 }
    OperationRegion (TRAM, SystemMemory, @PAGE@, 0x1000)
    Field (TRAM, DWordAcc, NoLock, Preserve) { THDL, 32, TREV, 32, TFUN, 32, TARG, 32672 }
    Field (TRAM, DWordAcc, NoLock, Preserve) { TLEN, 32, TRES, 32736 }

    // How often it was asked, and what last.
    Name (ASKD, 0)
    Name (LHDL, 0)
    Name (LREV, 0)
    Name (LFUN, 0)
    Name (LARG, Buffer (4084) {})

    Name (LABL, Buffer (0x4000) {})
    Name (FITB, Buffer () { @FIT@ })
    // How often to say, in the middle, that the FIT is another one now.
    Name (CHNG, 0)
    // What to answer whatever is asked, and in which length, if that is not 0.
    Name (WRNG, 0)

    // The status to answer whatever is asked of a device, if it is not 0.
    Name (FAIL, 0)

    Name (DEVU, ToUUID ("4309ac30-0d11-11e4-9191-0800200c9a66"))
    Name (ROTU, ToUUID ("2f10e7a4-9e91-11e4-89d3-123b93f75cba"))

    Method (ANSW, 1, Serialized)
    {
        TRES = Arg0
        TLEN = SizeOf (Arg0) + 4
    }

    Method (RING, 0, Serialized)
    {
        ASKD++
        LHDL = THDL
        LREV = TREV
        LFUN = TFUN
        LARG = TARG
        CreateDWordField (LARG, 0, AOFF)
        CreateDWordField (LARG, 4, ALEN)
        If (WRNG != 0)
        {
            TLEN = WRNG
            Return (0)
        }
        If (LREV != 1)
        {
            ANSW (Buffer (4) { 1 })
            Return (0)
        }
        If (LHDL == 0x10000)
        {
            If ((CHNG > 0) && (AOFF > 0))
            {
                CHNG--
                ANSW (Buffer (4) { 0, 1 })
                Return (0)
            }
            Local1 = SizeOf (FITB) - AOFF
            If (Local1 > 4088) { Local1 = 4088 }
            ANSW (Concatenate (Buffer (4) {}, Mid (FITB, AOFF, Local1)))
            Return (0)
        }
        If (FAIL != 0)
        {
            ANSW (Mid (ToBuffer (FAIL), 0, 4))
            Return (0)
        }
        If (LFUN == 0)
        {
            ANSW (Buffer (4) { 0x71 })
            Return (0)
        }
        If (LFUN == 4)
        {
            ANSW (Buffer (12) { 0, 0, 0, 0, 0, 0x40, 0, 0, 0xEC, 0x0F, 0, 0 })
            Return (0)
        }
        If ((AOFF + ALEN > SizeOf (LABL)) || (ALEN > 4076))
        {
            ANSW (Buffer (4) { 3 })
            Return (0)
        }
        If (LFUN == 5)
        {
            ANSW (Concatenate (Buffer (4) {}, Mid (LABL, AOFF, ALEN)))
            Return (0)
        }
        If (LFUN == 6)
        {
            Local1 = Concatenate (Mid (LABL, 0, AOFF), Mid (LARG, 8, ALEN))
            LABL = Concatenate (Local1, Mid (LABL, AOFF + ALEN, SizeOf (LABL) - AOFF - ALEN))
            ANSW (Buffer (4) {})
            Return (0)
        }
        ANSW (Buffer (4) { 1 })
        Return (0)
    }

    // Returns 0, or the number of the first line that is not true.
    Method (TEST, 0, Serialized)
    {
@TEST@
        Return (0)
    }
}
